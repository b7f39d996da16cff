package io.espalier.gateway;

import io.espalier.flow.Rounds;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// Background work that is done in [Rounds].
public abstract class BackgroundRounds implements Background {

  private final String name;
  private final Duration every;
  private volatile @Nullable Rounds rounds;

  /// Names the work, to be started.
  ///
  /// @param every how often there is a round that nobody asked for
  protected BackgroundRounds(String name, Duration every) {
    this.name = name;
    this.every = every;
  }

  /// Does all that is to be done now; called on the work's own thread.
  protected abstract void round();

  /// Begins with the first round.
  public void start() {
    rounds = Rounds.start(name, every, this::round);
  }

  /// Asks for a round that begins after this call; nothing before the start. Returns at once.
  protected final void ask() {
    Rounds started = rounds;
    if (started != null) {
      started.ask();
    }
  }

  @Override
  public final String name() {
    return name;
  }

  @Override
  public final boolean healthy() {
    Rounds started = rounds;
    return started != null && started.healthy();
  }

  /// Ends after the current round.
  public final void stop() {
    Rounds started = rounds;
    if (started != null) {
      started.close();
    }
  }
}
