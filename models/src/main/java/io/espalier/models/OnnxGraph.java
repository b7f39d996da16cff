package io.espalier.models;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession.SessionOptions;
import io.espalier.models.ModelException.BadBundle;
import io.espalier.models.ModelException.BadHardware;
import io.espalier.models.ModelException.CallFailed;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.regex.Pattern;

/// One ONNX graph, loaded. Calls may run side by side on any number of threads.
final class OnnxGraph implements AutoCloseable {

  private static final String ENGINE = "OnnxRuntime";

  /// What ONNX Runtime says before what is wrong: codes and places in its sources.
  private static final Pattern RUNTIMES_OWN =
      Pattern.compile(
          "^Error code - \\w+ - message: (?:.*\\[ONNXRuntimeError\\] : \\d+ : \\w+ : )?");

  private final Path file;
  private final Model model;

  /// Calls hold the read lock: freeing a session under a running call would end the whole
  /// process.
  private final ReadWriteLock lifetime = new ReentrantReadWriteLock();

  private boolean closed;

  private OnnxGraph(Path file, Model model) {
    this.file = file;
    this.model = model;
  }

  /// Loads a graph and checks the names of its inputs.
  ///
  /// @throws ModelException.BadHardware where it cannot run there
  static OnnxGraph load(Path file, Hardware hardware, Set<String> inputs) {
    openRuntime();
    // What goes in and comes out lies in the CPU's memory, wherever the graph runs.
    Model model = Model.newInstance(file.getFileName().toString(), Device.cpu(), ENGINE);
    try (SessionOptions options = new SessionOptions()) {
      hardware.choose(options);
      model.load(file, null, Map.of("sessionOptions", options));
    } catch (OrtException | IOException | MalformedModelException | EngineException e) {
      model.close();
      throw new BadBundle("%s cannot be loaded: %s".formatted(file, reason(e)), e);
    } catch (BadHardware e) {
      model.close();
      throw e;
    }
    Set<String> found = new HashSet<>(model.getBlock().describeInput().keys());
    if (!found.equals(inputs)) {
      model.close();
      throw new BadBundle(
          "%s has the inputs %s, but needs %s".formatted(file, sorted(found), sorted(inputs)));
    }
    return new OnnxGraph(file, model);
  }

  /// Opens DJL's engine, which must be there before anything else touches ONNX Runtime.
  static void openRuntime() {
    Engine.getEngine(ENGINE);
  }

  /// A manager for the arrays of one call; closing it frees them.
  static NDManager newManager() {
    return NDManager.newBaseManager(Device.cpu(), ENGINE);
  }

  /// Runs the graph. The inputs carry names; the outputs live as long as the inputs' manager.
  ///
  /// @throws CallFailed where the call fails or the graph is closed
  NDList run(NDList inputs) {
    lifetime.readLock().lock();
    try {
      if (closed) {
        throw new CallFailed("%s is closed".formatted(file));
      }
      return model.getBlock().forward(new ParameterStore(), inputs, false);
    } catch (EngineException e) {
      throw new CallFailed("%s failed: %s".formatted(file, reason(e)), e);
    } finally {
      lifetime.readLock().unlock();
    }
  }

  /// Refuses outputs without an array of this name and shape.
  void expect(NDList outputs, String output, long... shape) {
    NDArray array = outputs.get(output);
    if (array == null) {
      throw new BadBundle("%s has no output %s".formatted(file, output));
    }
    if (!array.getShape().equals(new Shape(shape))) {
      throw new BadBundle(
          "%s gives %s of the shape %s, but the manifest makes it %s"
              .formatted(file, output, array.getShape(), new Shape(shape)));
    }
  }

  /// Whether an output is there that a graph may have or not; refuses one that is not float32.
  boolean hasFloats(NDList outputs, String output) {
    NDArray array = outputs.get(output);
    if (array != null && array.getDataType() != DataType.FLOAT32) {
      throw new BadBundle(
          "%s gives %s as %s, but it must be float32".formatted(file, output, array.getDataType()));
    }
    return array != null;
  }

  Path file() {
    return file;
  }

  static String reason(Throwable e) {
    Throwable cause = e;
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    String line = String.valueOf(cause.getMessage()).lines().findFirst().orElse("no reason given");
    return RUNTIMES_OWN.matcher(line).replaceFirst("");
  }

  private static Set<String> sorted(Set<String> names) {
    return new java.util.TreeSet<>(names);
  }

  /// Frees the graph once no call is running; later calls fail.
  @Override
  public void close() {
    lifetime.writeLock().lock();
    try {
      closed = true;
      model.close();
    } finally {
      lifetime.writeLock().unlock();
    }
  }
}
