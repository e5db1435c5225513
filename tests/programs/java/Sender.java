import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.Pipe;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Threads with names that are hard to tell, each of which sends a file through a pipe, over and over. Each says on
 * stdout, in a line of JSON, what it is called and which id the kernel gave it. Commands on stdin: "start NAME",
 * "calls" (how many each of them has made). Ends with stdin.
 */
public class Sender {
    static final String[] NAMES = {
        "data-plane-kafka-network-thread-1-ListenerName(PLAINTEXT)-PLAINTEXT-0",
        "data-plane-kafka-network-thread-1-ListenerName(PLAINTEXT)-PLAINTEXT-1",
        "the same twice, and long",
        "the same twice, and long",
        "Zeitmesser für Überläufe 日本語の名前",
        "beyond sixteen bits \ud83d\ude00 \ud83d\udc18",
        "with \"quotes\" #12 [0x7] daemon prio=5 tid=0x1 nid=0x1",
        "two\nlines \"and\n\nmore\" #13",
        "\u001b[31mred\u202e",
        "x",
    };

    static final List<AtomicLong> calls = new ArrayList<>();
    static final PrintStream out = utf8();

    public static void main(String[] arguments) throws Exception {
        Path file = Paths.get(arguments[0]);
        for (String name : NAMES) {
            start(name, file);
        }
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String command = commands.readLine(); command != null; command = commands.readLine()) {
            if (command.startsWith("start ")) {
                start(command.substring(6), file);
            } else {
                out.println("{\"calls\": " + calls + "}");
            }
        }
        System.exit(0);
    }

    static void start(String name, Path file) {
        AtomicLong made = new AtomicLong();
        calls.add(made);
        Thread thread = new Thread(() -> send(file, made), name);
        thread.setDaemon(true);
        thread.start();
    }

    static void send(Path file, AtomicLong calls) {
        try (FileChannel from = FileChannel.open(file)) {
            Pipe pipe = Pipe.open();
            ByteBuffer taken = ByteBuffer.allocate(4096);
            for (boolean first = true; ; first = false) {
                from.transferTo(0, taken.capacity(), pipe.sink());
                for (taken.clear(); taken.hasRemaining(); ) {
                    pipe.source().read(taken);
                }
                calls.incrementAndGet();
                if (first) {
                    introduce();
                }
                Thread.sleep(5);
            }
        } catch (IOException | InterruptedException failure) {
            failure.printStackTrace();
            System.exit(1);
        }
    }

    /** By what the kernel says, not the JVM. */
    static void introduce() throws IOException {
        String tid = Files.readSymbolicLink(Paths.get("/proc/thread-self")).getFileName().toString();
        StringBuilder name = new StringBuilder();
        for (char unit : Thread.currentThread().getName().toCharArray()) {
            name.append(String.format("\\u%04x", (int) unit));
        }
        synchronized (out) {
            out.println("{\"tid\": " + tid + ", \"name\": \"" + name + "\"}");
        }
    }

    static PrintStream utf8() {
        try {
            return new PrintStream(System.out, true, "UTF-8");
        } catch (java.io.UnsupportedEncodingException impossible) {
            throw new AssertionError(impossible);
        }
    }
}
