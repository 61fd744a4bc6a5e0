Console.WriteLine("first");
