package io.espalier.models;

import static org.assertj.core.api.Assertions.assertThat;

import io.espalier.models.SimulatedDevice.Time;
import org.junit.jupiter.api.Test;

/// A call's time, by a clock of the test's own.
class SimulatedDeviceTest {

  private final Simulated.FakeTime time = new Simulated.FakeTime();
  private final SimulatedDevice device = new SimulatedDevice(time);

  @Test
  void makingTheOutputsIsAPartOfTheCall() {
    String made =
        device.call(
            2,
            () -> {
              time.pass(0.5);
              return "made";
            });
    assertThat(made).isEqualTo("made");
    assertThat(time.slept()).containsExactly(1.5);
  }

  @Test
  void aCallWhoseOutputsTakeLongerDoesNotWait() {
    device.call(
        2,
        () -> {
          time.pass(3);
          return "made";
        });
    assertThat(time.slept()).isEmpty();
  }

  @Test
  void anInterruptIsKeptUntilTheCallHasEnded() {
    Time interrupting =
        new Time() {
          private boolean interrupted;

          @Override
          public long nanos() {
            return time.nanos();
          }

          @Override
          public void sleep(long nanos) throws InterruptedException {
            if (!interrupted) {
              interrupted = true;
              time.pass(0.5);
              throw new InterruptedException("the process stops");
            }
            time.sleep(nanos);
          }
        };
    assertThat(new SimulatedDevice(interrupting).call(2, () -> "made")).isEqualTo("made");
    assertThat(Thread.interrupted()).isTrue();
    assertThat(time.slept()).containsExactly(1.5);
  }
}
