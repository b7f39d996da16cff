package io.espalier.models;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.espalier.beam.Image;
import io.espalier.beam.Png;
import io.espalier.models.ModelException.BadBundle;
import io.espalier.models.ModelException.CallFailed;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/// A vision-language model behind an OpenAI-compatible chat endpoint as a verifier, after
/// VQAScore (Lin et al., 2024): it is shown an image and asked whether this is what the prompt
/// says, and the score is P(yes), from the log-probabilities of the answer's first token. Where
/// the endpoint gives none, it is the share of yes among several answers.
///
/// Calls belong on [#ownThreads()], of which there are as many as questions may be open at once.
public final class RemoteVerifier implements LoadedVerifier {

  private static final Duration FIRST_PAUSE = Duration.ofMillis(500);

  /// The most that OpenAI's own endpoint gives.
  private static final int ALTERNATIVES = 20;

  /// Enough for a yes or a no in any tokenizer, and for what may stand before it.
  private static final int SAMPLE_TOKENS = 8;

  private final String name;
  private final Manifest.RemotePart part;
  private final ChatEndpoint endpoint;
  private final ExecutorService threads;

  /// Reads the key; the endpoint is first asked for the first score.
  ///
  /// @param name what the search calls this verifier
  /// @throws BadBundle where the bundle is no remote verifier, or there is no key
  public RemoteVerifier(String name, Bundle bundle) {
    this(
        name,
        Bundle.required(bundle.verifier().remote(), bundle.folder(), "verifier.remote"),
        System.getenv(),
        FIRST_PAUSE);
  }

  RemoteVerifier(
      String name, Manifest.RemotePart part, Map<String, String> environment, Duration firstPause) {
    this.name = name;
    this.part = part;
    ApiKey key = ApiKey.read(name, part.keyVariable(), environment);
    endpoint = new ChatEndpoint(part, key, firstPause);
    threads =
        Executors.newFixedThreadPool(
            part.concurrency(), Thread.ofVirtual().name(name + "-", 0).factory());
  }

  @Override
  public String name() {
    return name;
  }

  /// How many questions may be open at once.
  public int concurrency() {
    return part.concurrency();
  }

  @Override
  public Optional<Executor> ownThreads() {
    return Optional.of(threads);
  }

  /// Asks about one image after the other, on the calling thread. A call may take as long as all
  /// its attempts and the pauses between them.
  ///
  /// @throws CallFailed where an image gets no score; the message says why and names the endpoint
  @Override
  public Scores score(String prompt, List<Image> images) {
    if (threads.isShutdown()) {
      throw new CallFailed("%s is closed".formatted(name));
    }
    Set<String> warnings = new HashSet<>();
    double[] values =
        images.stream().mapToDouble(image -> probabilityOfYes(prompt, image, warnings)).toArray();
    return new Scores(values, warnings);
  }

  private double probabilityOfYes(String prompt, Image image, Set<String> warnings) {
    ObjectNode question = question(prompt, image);
    ChatReply reply =
        endpoint.send(
            question
                .deepCopy()
                .put("temperature", 0)
                .put("max_tokens", 1)
                .put("logprobs", true)
                .put("top_logprobs", ALTERNATIVES));
    if (!reply.refusesLogprobs()) {
      ChatCompletion completion = completion(reply);
      if (completion.hasLogprobs()) {
        return completion.probabilityOfYes().orElseThrow(() -> neither(reply));
      }
    }
    warnings.add(
        "%s gets no log-probabilities: its scores are shares of yes among %d answers"
            .formatted(name, part.samples()));
    return shareOfYes(question);
  }

  private double shareOfYes(ObjectNode question) {
    question.put("temperature", 1).put("max_tokens", SAMPLE_TOKENS);
    List<ChatReply> replies = new ArrayList<>();
    List<Boolean> clear = new ArrayList<>();
    for (int sample = 0; sample < part.samples(); sample++) {
      // A seed for each, so that an image that is scored again gets the same answers where the
      // endpoint heeds it.
      ChatReply reply = endpoint.send(question.put("seed", sample));
      replies.add(reply);
      completion(reply).saysYes().ifPresent(clear::add);
    }
    if (clear.isEmpty()) {
      throw neither(replies.getLast());
    }
    return (double) Collections.frequency(clear, true) / clear.size();
  }

  private ChatCompletion completion(ChatReply reply) {
    if (!reply.isAnswer()) {
      throw endpoint.refusal(reply);
    }
    return ChatCompletion.read(reply.body())
        .orElseThrow(() -> endpoint.failure("gave no chat completion", reply));
  }

  private CallFailed neither(ChatReply reply) {
    return endpoint.failure("answered neither yes nor no", reply);
  }

  private ObjectNode question(String prompt, Image image) {
    ObjectNode question = Manifest.JSON.createObjectNode().put("model", part.model());
    ObjectNode message = question.putArray("messages").addObject().put("role", "user");
    var content = message.putArray("content");
    String png = Base64.getEncoder().encodeToString(Png.encode(image));
    content
        .addObject()
        .put("type", "image_url")
        .putObject("image_url")
        .put("url", "data:image/png;base64," + png);
    content
        .addObject()
        .put("type", "text")
        .put("text", part.question().replace(Manifest.RemotePart.PROMPT, prompt));
    return question;
  }

  /// Ends the calls that are open; later ones fail.
  @Override
  public void close() {
    threads.shutdownNow();
    endpoint.close();
  }
}
