package io.espalier.models;

import io.espalier.beam.Image;
import io.espalier.beam.Lineage;
import io.espalier.beam.Uniforms;
import io.espalier.models.ModelException.BadBundle;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Set;

/// A verifier that is not there: its bundle says how long its calls take and how its scores are
/// spread. A score follows from the cosine of some pixels with weights that follow from the
/// bundle's name and the prompt. So images that share coarse scales have scores that are alike, and
/// a search gains by them as by a real verifier's. Calls belong on the model threads, each of which
/// stands for a device.
public final class SimulatedVerifier implements LoadedVerifier {

  /// The image is looked at in so many rows of so many pixels.
  private static final int SAMPLES = 16;

  private static final int CHANNELS = 3;

  private final String name;
  private final String bundleName;
  private final Manifest.VerifierPart part;
  private final Manifest.SimulatedVerifierPart times;
  private final SimulatedDevice device;

  /// Loads nothing.
  ///
  /// @param name what the search calls this verifier
  /// @throws BadBundle where the bundle is no simulated verifier
  public SimulatedVerifier(String name, Bundle bundle) {
    this(name, bundle, new SimulatedDevice());
  }

  SimulatedVerifier(String name, Bundle bundle, SimulatedDevice device) {
    this.name = name;
    bundleName = bundle.manifest().name();
    part = bundle.verifier();
    times = Bundle.required(part.simulated(), bundle.folder(), "verifier.simulated");
    this.device = device;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public Scores score(String prompt, List<Image> images) {
    return scoreTogether(List.of(new Wanted(prompt, images, false))).getFirst();
  }

  @Override
  public Scores scoreWithFeatures(String prompt, List<Image> images) {
    return scoreTogether(List.of(new Wanted(prompt, images, true))).getFirst();
  }

  /// How long a call takes, in seconds.
  public double seconds(int images) {
    return times.seconds(images);
  }

  /// All images in one call, whatever their prompts and sizes.
  @Override
  public List<Scores> scoreTogether(List<Wanted> all) {
    int images = all.stream().mapToInt(each -> each.images().size()).sum();
    return device.call(seconds(images), () -> all.stream().map(this::scores).toList());
  }

  private Scores scores(Wanted wanted) {
    float[] weights = weights(wanted.prompt());
    double[] values =
        wanted.images().stream()
            .mapToDouble(image -> part.mean() + part.std() * deviation(image, weights))
            .toArray();
    Scores scores =
        new Scores(
            values, Set.of("scored by a simulated verifier, %s: it saw nothing".formatted(name)));
    return wanted.features() ? scores.orWithoutFeatures(name) : scores;
  }

  /// A weight in [−0.5, 0.5) for each channel of each sample.
  private float[] weights(String prompt) {
    long seed = ((long) bundleName.hashCode() << Integer.SIZE) ^ prompt.hashCode();
    FloatBuffer weights = FloatBuffer.allocate(SAMPLES * SAMPLES * CHANNELS);
    Uniforms.fill(seed, Lineage.root(), 0, weights, weights.capacity());
    float[] centred = weights.array();
    for (int i = 0; i < centred.length; i++) {
      centred[i] -= 0.5f;
    }
    return centred;
  }

  /// The cosine of the samples with the weights, times the root of their number: 0 on the average
  /// of simulated images, with a variance of about 1.
  private static double deviation(Image image, float[] weights) {
    byte[] rgb = image.rgb();
    double product = 0;
    double samples = 0;
    double squares = 0;
    int next = 0;
    for (int row = 0; row < SAMPLES; row++) {
      int y = (2 * row + 1) * image.height() / (2 * SAMPLES);
      for (int column = 0; column < SAMPLES; column++) {
        int x = (2 * column + 1) * image.width() / (2 * SAMPLES);
        int pixel = CHANNELS * (y * image.width() + x);
        for (int channel = 0; channel < CHANNELS; channel++) {
          float weight = weights[next++];
          double sample = (rgb[pixel + channel] & 0xFF) - SimulatedDecoder.MIDDLE;
          product += weight * sample;
          samples += sample * sample;
          squares += weight * weight;
        }
      }
    }
    return samples == 0 ? 0 : product * Math.sqrt(weights.length / (samples * squares));
  }

  /// There is nothing to unload.
  @Override
  public void close() {}
}
