package io.espalier.standalone;

import java.net.URI;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// Which server a command talks to.
final class ServerOptions {

  @Mixin private DataOption folder;

  @Option(
      names = "--url",
      paramLabel = "URL",
      description = "A gateway's address (default: that of the server on the data folder).")
  private @Nullable URI url;

  Path data() {
    return folder.data();
  }

  /// The gateway that was named.
  Optional<Api> named() {
    if (url == null) {
      return Optional.empty();
    }
    if (url.getScheme() == null || !url.getScheme().startsWith("http") || url.getHost() == null) {
      throw new CommandException(
          "--url is '%s', but must be like http://localhost:8080".formatted(url));
    }
    return Optional.of(new Api(url));
  }

  /// The gateway that was named, or that of the server on the data folder.
  ///
  /// @throws CommandException where there is none
  Api api() {
    return named()
        .or(() -> Address.of(data()).map(Api::new))
        .orElseThrow(
            () ->
                new CommandException(
                    "no server runs on %s; 'espalier serve' starts one, --url or --data name another"
                        .formatted(data())));
  }
}
