package io.espalier.beam;

import java.util.List;

/// How a generator draws, one value per scale.
///
/// @param guidance classifier-free guidance on the logits, 1 is none
/// @param temperature divides the logits, positive
/// @param topP a bit's less likely value is never drawn where its probability is at most 1 − topP
public record Sampling(List<Float> guidance, List<Float> temperature, List<Float> topP) {

  public Sampling {
    guidance = List.copyOf(guidance);
    temperature = List.copyOf(temperature);
    topP = List.copyOf(topP);
    Check.that(
        guidance.stream().allMatch(Float::isFinite),
        "guidance is %s, but must be finite",
        guidance);
    Check.that(
        temperature.stream().allMatch(t -> t > 0 && Float.isFinite(t)),
        "temperature is %s, but must be positive",
        temperature);
    Check.that(
        topP.stream().allMatch(p -> p > 0 && p <= 1),
        "top-p is %s, but must lie above 0 and not above 1",
        topP);
  }

  void checkScales(int scales) {
    Check.that(
        guidance.size() == scales && temperature.size() == scales && topP.size() == scales,
        "guidance, temperature and top-p have %d, %d and %d values, but the generator has %d scales",
        guidance.size(),
        temperature.size(),
        topP.size(),
        scales);
  }
}
