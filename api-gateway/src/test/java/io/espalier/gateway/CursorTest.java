package io.espalier.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.espalier.gateway.store.Cursor;
import java.time.Instant;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class CursorTest {

  private static final Cursor CURSOR =
      new Cursor(Instant.parse("2026-11-21T12:00:00.000001Z"), new UUID(1, -2));

  @Test
  void aCursorReadsItsOwnText() {
    assertThat(Cursor.parse(CURSOR.toString())).contains(CURSOR);
  }

  @Test
  void everyOtherTextIsNone() {
    String text = CURSOR.toString();
    assertThat(Cursor.parse("")).isEmpty();
    assertThat(Cursor.parse("näh")).isEmpty();
    assertThat(Cursor.parse(text + "A")).isEmpty();
    assertThat(Cursor.parse(text.substring(1))).isEmpty();
    for (int i = 0; i < text.length() - 1; i++) {
      char other = text.charAt(i) == 'x' ? 'y' : 'x';
      assertThat(Cursor.parse(text.substring(0, i) + other + text.substring(i + 1)))
          .as("another character at %d", i)
          .isEmpty();
    }
  }
}
