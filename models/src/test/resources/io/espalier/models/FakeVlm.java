import java.awt.image.BufferedImage;
import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.imageio.ImageIO;

/// An OpenAI-compatible endpoint in a process of its own, on a socket and nothing above it, whose
/// paths begin with how it behaves: `/bright/v1/chat/completions` says yes the surer, the
/// brighter the picture is. Prints its port and runs until its standard input ends.
final class FakeVlm {

  private static final Pattern LENGTH = Pattern.compile("(?i)\r\ncontent-length: (\\d+)\r\n");
  private static final Pattern PICTURE = Pattern.compile("data:image/png;base64,([^\"]+)");
  private static final AtomicInteger REQUESTS = new AtomicInteger();

  void main() throws IOException {
    try (ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      IO.println(server.getLocalPort());
      Thread.ofVirtual().start(FakeVlm::endWithInput);
      while (true) {
        Socket client = server.accept();
        Thread.ofVirtual().start(() -> serve(client));
      }
    }
  }

  private static void endWithInput() {
    try {
      System.in.transferTo(OutputStream.nullOutputStream());
    } catch (IOException e) {
      // it has ended too
    }
    Runtime.getRuntime().halt(0);
  }

  private static void serve(Socket client) {
    try (client) {
      InputStream in = new BufferedInputStream(client.getInputStream());
      String head = head(in);
      Matcher length = LENGTH.matcher(head);
      byte[] body = in.readNBytes(length.find() ? Integer.parseInt(length.group(1)) : 0);
      String behaviour = head.split("/", 3)[1];
      if (behaviour.equals("echoing")) {
        send(client.getOutputStream(), head.replace("\r\n", " ") + "\r\n\r\n");
      } else {
        answer(client, behaviour, new String(body, StandardCharsets.UTF_8));
      }
    } catch (IOException | InterruptedException e) {
      // the client has gone
    }
  }

  private static String head(InputStream in) throws IOException {
    StringBuilder head = new StringBuilder();
    while (head.indexOf("\r\n\r\n") < 0) {
      int next = in.read();
      if (next < 0) {
        throw new IOException("no request");
      }
      head.append((char) next);
    }
    return head.toString();
  }

  private static void answer(Socket client, String behaviour, String request)
      throws IOException, InterruptedException {
    OutputStream out = client.getOutputStream();
    String yes = completion(0.75);
    switch (behaviour) {
      case "bright" -> send(out, whole("200 OK", completion(brightness(request))));
      case "chunked" -> {
        send(out, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n");
        for (int i = 0; i < yes.length(); i += 20) {
          String chunk = yes.substring(i, Math.min(i + 20, yes.length()));
          send(out, "%x\r\n%s\r\n".formatted(chunk.length(), chunk));
          Thread.sleep(10);
        }
        send(out, "0\r\n\r\n");
      }
      case "events" ->
          send(
              out,
              whole(
                  "200 OK",
                  "data: {\"choices\":[{\"delta\":{\"content\":\"Yes\"}}]}\n\ndata: [DONE]\n\n"));
      case "silent" -> hold(client);
      case "stalling" -> {
        send(out, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n".formatted(yes.length()));
        send(out, yes.substring(0, 10));
        hold(client);
      }
      case "trickling" -> {
        send(out, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
        while (true) {
          send(out, " ");
          Thread.sleep(20);
        }
      }
      case "endless" -> {
        send(out, "HTTP/1.1 200 OK\r\n\r\n");
        while (true) {
          send(out, " ".repeat(65536));
        }
      }
      case "truncating" -> {
        send(out, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n".formatted(yes.length()));
        send(out, yes.substring(0, yes.length() - 10));
      }
      case "resetting" -> client.setSoLinger(true, 0);
      case "babbling" -> send(out, "yes, of course\r\n\r\n");
      case "recovering" -> {
        boolean up = REQUESTS.getAndIncrement() >= 2;
        send(out, up ? whole("200 OK", yes) : whole("503 Service Unavailable", "loading"));
      }
      default -> send(out, whole("404 Not Found", "there is no " + behaviour));
    }
  }

  /// Until the client goes.
  private static void hold(Socket client) throws IOException {
    client.getInputStream().readAllBytes();
  }

  private static double brightness(String request) throws IOException {
    Matcher picture = PICTURE.matcher(request);
    picture.find();
    byte[] png = Base64.getDecoder().decode(picture.group(1));
    BufferedImage image = ImageIO.read(new ByteArrayInputStream(png));
    double sum = 0;
    for (int y = 0; y < image.getHeight(); y++) {
      for (int x = 0; x < image.getWidth(); x++) {
        sum += (image.getRGB(x, y) & 0xFF) / 255.0;
      }
    }
    return sum / (image.getWidth() * image.getHeight());
  }

  private static String completion(double yes) {
    return """
        {"choices": [{"index": 0, "finish_reason": "length",
          "message": {"role": "assistant", "content": "Yes"},
          "logprobs": {"content": [{"token": "Yes", "logprob": %1$f, "top_logprobs": [
            {"token": "Yes", "logprob": %1$f}, {"token": "No", "logprob": %2$f}]}]}}]}
        """
        .formatted(Math.log(yes), Math.log(1 - yes));
  }

  private static String whole(String status, String body) {
    return "HTTP/1.1 %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s"
        .formatted(status, body.getBytes(StandardCharsets.UTF_8).length, body);
  }

  private static void send(OutputStream out, String text) throws IOException {
    out.write(text.getBytes(StandardCharsets.UTF_8));
    out.flush();
  }
}
