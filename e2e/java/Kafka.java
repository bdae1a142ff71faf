// Reads every event of a shop with the Java client of Kafka and the SDK of CloudEvents, and checks that each comes once and in order. The
// topics must have events of both content modes.
// java -cp 'JARS/*' Kafka.java BROKERS PREFIX EVENTS
import com.fasterxml.jackson.databind.ObjectMapper;
import io.cloudevents.CloudEvent;
import io.cloudevents.kafka.CloudEventDeserializer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;

public class Kafka {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Set<String> ids = new HashSet<>();
    private final Map<String, Long> versions = new HashMap<>();
    private int structured;

    public static void main(String[] args) throws Exception {
        new Kafka().read(args[0], args[1], Integer.parseInt(args[2]));
    }

    private void read(String brokers, String prefix, int expected) throws Exception {
        Map<String, Object> settings = Map.of("bootstrap.servers", brokers, "isolation.level", "read_committed");
        try (var consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new CloudEventDeserializer())) {
            var internal = Set.of(prefix + "chorale.audit.v1", prefix + "chorale.relay.v1");
            List<TopicPartition> places = new ArrayList<>();
            consumer.listTopics().forEach((topic, partitions) -> {
                if (topic.startsWith(prefix + "chorale.") && !internal.contains(topic)) {
                    partitions.forEach(found -> places.add(new TopicPartition(topic, found.partition())));
                }
            });
            consumer.assign(places);
            consumer.seekToBeginning(places);
            while (ids.size() < expected) {
                var records = consumer.poll(PATIENCE);
                check(!records.isEmpty(), "only " + ids.size() + " of " + expected + " events came");
                for (var record : records) {
                    take(record);
                }
            }
        }
        System.out.printf("Java: %d events of %d streams, %d structured%n", ids.size(), versions.size(), structured);
        check(structured > 0 && structured < ids.size(), "one content mode is missing");
    }

    private void take(ConsumerRecord<String, CloudEvent> record) throws Exception {
        var event = record.value();
        var type = new String(record.headers().lastHeader("content-type").value(), "UTF-8");
        structured += type.startsWith("application/cloudevents+json") ? 1 : 0;
        check(ids.add(event.getId()), event.getId() + " came twice");
        check(record.key().equals(event.getSubject()), record.key() + " is not " + event.getSubject());
        long version = Long.parseLong((String) event.getExtension("sequence"));
        long before = versions.getOrDefault(event.getSubject(), 0L);
        check(version == before + 1, event.getSubject() + ": " + version + " after " + before);
        versions.put(event.getSubject(), version);
        check(event.getDataSchema().isAbsolute(), event.getDataSchema() + " is not absolute");
        check(JSON.readTree(event.getData().toBytes()).path("summary").isTextual(), "a payload without summary");
    }

    private static void check(boolean holds, String problem) {
        if (!holds) {
            throw new IllegalStateException(problem);
        }
    }
}
