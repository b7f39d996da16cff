package io.espalier.beam;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// What `docs/adding.md` shows is what there is.
class DocsTest {

  private static final Path DOCS = Path.of("..", "docs");
  private static final Pattern BLOCK = Pattern.compile("(?ms)^```java\\n(.*?)^```$");

  /// The name of a file as code, with the file behind it.
  private static final Pattern LINK = Pattern.compile("\\[`\\w+\\.java`]\\(([^)]+)\\)");

  private static final Pattern ANY_LINK = Pattern.compile("]\\((\\.\\./[^)#]+)\\)");

  @Test
  void everyBlockOfCodeIsAPartOfTheFileThatIsNamedAboveIt() throws IOException {
    String page = Files.readString(DOCS.resolve("adding.md"));
    TreeMap<Integer, String> files = new TreeMap<>();
    for (Matcher link = LINK.matcher(page); link.find(); ) {
      files.put(link.start(), link.group(1));
    }

    int blocks = 0;
    for (Matcher block = BLOCK.matcher(page); block.find(); blocks++) {
      String file = files.floorEntry(block.start()).getValue();
      assertThat(DOCS.resolve(file)).content().contains(block.group(1));
    }
    assertThat(blocks).isGreaterThan(10);
  }

  @Test
  void everyFileThatIsLinkedIsThere() throws IOException {
    String page = Files.readString(DOCS.resolve("adding.md"));

    for (Matcher link = ANY_LINK.matcher(page); link.find(); ) {
      assertThat(DOCS.resolve(link.group(1))).exists();
    }
  }
}
