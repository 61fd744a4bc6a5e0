using System.Text;
using PjsipSyncWorker.Ami;

namespace PjsipSyncWorker.Tests.Ami;

/// <summary>Reads a whole stream, cut as asked, and writes down what came of it in a form that can be compared.</summary>
internal static class Transcript
{
    public static List<string> Of(string stream, params int[] cuts) => Of(Encoding.Latin1.GetBytes(stream), cuts);

    public static List<string> Of(byte[] stream, params int[] cuts) => Of(new AmiReader(), stream, cuts);

    public static List<string> Of(AmiReader reader, byte[] stream, params int[] cuts)
    {
        List<string> messages = [];
        var from = 0;
        try
        {
            foreach (var to in cuts.Append(stream.Length))
            {
                while (from < to)
                {
                    var room = reader.GetMemory();
                    var count = Math.Min(room.Length, to - from);
                    stream.AsMemory(from, count).CopyTo(room);
                    reader.Advance(count);
                    from += count;
                    Take(reader, messages);
                }
            }
        }
        catch (AmiProtocolException exception)
        {
            messages.Add("! " + exception.Message);
        }

        return messages;
    }

    private static void Take(AmiReader reader, List<string> messages)
    {
        while (reader.TryRead(out var message))
        {
            var text = new StringBuilder();
            foreach (var header in message)
            {
                text.Append(Encoding.Latin1.GetString(header.Key)).Append('=').Append(Encoding.Latin1.GetString(header.Value)).Append('|');
            }

            messages.Add(text.ToString());
        }
    }
}
