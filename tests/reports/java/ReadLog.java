import java.io.File;
import java.util.Map;
import java.util.TreeMap;
import org.HdrHistogram.EncodableHistogram;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.HistogramLogReader;

/** Prints what HdrHistogram's own library reads in a log: each row, and each tag's rows together, as JSON lines. */
public class ReadLog {
    public static void main(String[] files) throws Exception {
        for (String file : files) {
            Map<String, Histogram> tags = new TreeMap<>();
            HistogramLogReader reader = new HistogramLogReader(new File(file));
            EncodableHistogram row;
            while ((row = reader.nextIntervalHistogram()) != null) {
                Histogram histogram = (Histogram) row;
                System.out.printf("{\"kind\":\"row\",\"file\":\"%s\",\"tag\":\"%s\",\"from_ms\":%d,\"to_ms\":%d,\"count\":%d}%n",
                    file, text(histogram.getTag()), histogram.getStartTimeStamp(), histogram.getEndTimeStamp(), histogram.getTotalCount());
                tags.computeIfAbsent(histogram.getTag(), tag -> new Histogram(1, 1L << 40, 1)).add(histogram);
            }
            for (Map.Entry<String, Histogram> tag : tags.entrySet()) {
                Histogram all = tag.getValue();
                System.out.printf("{\"kind\":\"tag\",\"file\":\"%s\",\"tag\":\"%s\",\"count\":%d,\"p50\":%d,\"p90\":%d,\"p99\":%d,\"p999\":%d,\"max\":%d}%n",
                    file, text(tag.getKey()), all.getTotalCount(), all.getValueAtPercentile(50), all.getValueAtPercentile(90),
                    all.getValueAtPercentile(99), all.getValueAtPercentile(99.9), all.getMaxValue());
            }
        }
    }

    private static String text(String tag) {
        return tag.replace("\\", "\\\\").replace("\"", "\\\"");
    }
}
