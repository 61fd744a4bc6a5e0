using System.Numerics;

namespace PjsipSyncWorker.Realtime;

/// <summary>A set of columns of a <see cref="RealtimeSchema"/>, by their index. Immutable, compared by value, never allocates.</summary>
public readonly record struct ColumnSet(ulong A, ulong B, ulong C, ulong D)
{
    /// <summary>The largest index plus one.</summary>
    public const int Capacity = 256;

    /// <summary>Returns whether the set has a column.</summary>
    public bool Contains(int index) => (Word(index >> 6) & (1UL << (index & 63))) != 0;

    /// <summary>Returns the set with one more column.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The index is not below <see cref="Capacity"/>.</exception>
    public ColumnSet With(int index)
    {
        var bit = 1UL << (index & 63);
        return (index >> 6) switch
        {
            0 => this with { A = A | bit },
            1 => this with { B = B | bit },
            2 => this with { C = C | bit },
            3 => this with { D = D | bit },
            _ => throw new ArgumentOutOfRangeException(nameof(index), index, $"the tables have more than {Capacity} columns in all"),
        };
    }

    /// <summary>Returns the union.</summary>
    public static ColumnSet operator |(ColumnSet x, ColumnSet y) => new(x.A | y.A, x.B | y.B, x.C | y.C, x.D | y.D);

    /// <summary>Returns the intersection.</summary>
    public static ColumnSet operator &(ColumnSet x, ColumnSet y) => new(x.A & y.A, x.B & y.B, x.C & y.C, x.D & y.D);

    /// <summary>Returns the set without the columns of another.</summary>
    public ColumnSet Except(ColumnSet y) => new(A & ~y.A, B & ~y.B, C & ~y.C, D & ~y.D);

    /// <summary>Whether the set has no column.</summary>
    public bool IsEmpty => (A | B | C | D) == 0;

    /// <summary>How many columns the set has.</summary>
    public int Count =>
        BitOperations.PopCount(A) + BitOperations.PopCount(B) + BitOperations.PopCount(C) + BitOperations.PopCount(D);

    /// <summary>Returns the indexes, ascending.</summary>
    public Enumerator GetEnumerator() => new(this);

    private ulong Word(int word) => word switch { 0 => A, 1 => B, 2 => C, 3 => D, _ => 0 };

    /// <summary>Walks the indexes without allocating.</summary>
    public struct Enumerator(ColumnSet set)
    {
        private int _word = -1;
        private ulong _rest;

        public int Current { get; private set; }

        public bool MoveNext()
        {
            while (_rest == 0)
            {
                if (++_word == 4)
                    return false;
                _rest = set.Word(_word);
            }
            Current = (_word << 6) + BitOperations.TrailingZeroCount(_rest);
            _rest &= _rest - 1;
            return true;
        }
    }
}
