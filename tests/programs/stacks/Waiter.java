import java.io.IOException;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;

/** Waits for the disk in page faults of methods that have been compiled: `Waiter HOT COLD`. */
class Waiter {
    static long touchesAPage(MappedByteBuffer map, int page) {
        return map.get(page * 4096);
    }

    static long serves(MappedByteBuffer map, int pages) {
        long sum = 0;
        for (int page = 0; page < pages; page++) sum += touchesAPage(map, page);
        return sum;
    }

    static MappedByteBuffer map(String name) throws IOException {
        try (FileChannel file = FileChannel.open(Path.of(name))) {
            return file.map(FileChannel.MapMode.READ_ONLY, 0, file.size());
        }
    }

    public static void main(String[] names) throws IOException {
        MappedByteBuffer hot = map(names[0]);
        MappedByteBuffer cold = map(names[1]);
        for (int round = 0; round < 50_000; round++) serves(hot, 4);
        System.out.println("ready");
        System.in.read();
        serves(cold, cold.capacity() / 4096);
        System.out.println("{}");
        while (System.in.read() >= 0) {}
    }
}
