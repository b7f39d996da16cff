package io.espalier.search.pruning;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

class DeadlinesTest {

  @Property
  void theSearchesWhoseDeadlineHasComeAreThoseOfAPlainMap(
      @ForAll @Size(max = 40) List<@IntRange(min = 0, max = 400) Integer> changes,
      @ForAll @IntRange(min = 0, max = 25) int now) {
    Deadlines deadlines = new Deadlines();
    Map<String, Long> plain = new HashMap<>();
    for (int change : changes) {
      String jobId = "job " + change % 7;
      long at = change / 16;
      if (change % 3 == 0) {
        deadlines.remove(jobId);
        plain.remove(jobId);
      } else {
        deadlines.add(jobId, at);
        plain.put(jobId, at);
      }
    }
    plain.values().removeIf(at -> at > now);
    assertThat(deadlines.passed(now)).containsExactlyInAnyOrderElementsOf(plain.keySet());
  }
}
