import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.strimzi.api.kafka.model.common.UnknownPropertyPreserving;
import io.strimzi.api.kafka.model.topic.KafkaTopic;
import io.strimzi.api.kafka.model.user.KafkaUser;
import java.io.IOException;
import java.lang.reflect.Method;
import java.util.List;
import java.util.Map;

/**
 * Reads resources as Strimzi's operators do and says what they would not understand: one line a fault, "index<TAB>text".
 *
 * Its classes keep a property that they do not know in a map of their own instead of refusing it, so every such map is
 * looked for in what was read. An apiVersion that the class does not serve, a wrong type and an unknown word are refused
 * by the reading itself.
 */
class Reading {
    private static final Map<String, Class<?>> KINDS = Map.of("KafkaTopic", KafkaTopic.class, "KafkaUser", KafkaUser.class);
    private static final List<String> VERSIONS = List.of("kafka.strimzi.io/v1", "kafka.strimzi.io/v1beta2");

    public static void main(String[] arguments) throws Exception {
        ObjectMapper mapper = new ObjectMapper();
        JsonNode documents = mapper.readTree(System.in);
        for (int index = 0; index < documents.size(); index++) {
            JsonNode document = documents.get(index);
            if (!VERSIONS.contains(document.path("apiVersion").asText())) {
                say(index, "no such apiVersion: " + document.path("apiVersion").asText());
            }
            try {
                unknown(index, mapper.treeToValue(document, KINDS.get(document.path("kind").asText())), "");
            } catch (JsonProcessingException | IllegalArgumentException refused) {
                say(index, refused.getMessage().lines().findFirst().orElse("cannot be read"));
            }
        }
    }

    private static void unknown(int index, Object value, String path) throws ReflectiveOperationException {
        if (value instanceof List<?> items) {
            for (int number = 0; number < items.size(); number++) {
                unknown(index, items.get(number), path + "[" + number + "]");
            }
        }
        if (value == null || !value.getClass().getName().startsWith("io.strimzi.")) {
            return;
        }
        if (value instanceof UnknownPropertyPreserving preserving && preserving.getAdditionalProperties() != null) {
            for (String name : preserving.getAdditionalProperties().keySet()) {
                say(index, path + "." + name + " is no property that Strimzi knows");
            }
        }
        if (value instanceof Enum<?>) {
            return;
        }
        for (Method method : value.getClass().getMethods()) {
            boolean getter = method.getName().startsWith("get") && method.getParameterCount() == 0 && !method.isBridge();
            if (getter && method.getDeclaringClass().getName().startsWith("io.strimzi.")) {
                String name = method.getName().substring(3);
                unknown(index, method.invoke(value), path + "." + name.substring(0, 1).toLowerCase() + name.substring(1));
            }
        }
    }

    private static void say(int index, String text) {
        System.out.println(index + "\t" + text);
    }
}
