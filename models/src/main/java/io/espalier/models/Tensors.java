package io.espalier.models;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/// Named input arrays over native memory that ONNX Runtime reads in place.
final class Tensors {

  private final NDManager manager;

  Tensors(NDManager manager) {
    this.manager = manager;
  }

  NDArray floats(String name, Consumer<FloatBuffer> content, long... shape) {
    ByteBuffer bytes = direct(shape, Float.BYTES);
    content.accept(bytes.asFloatBuffer());
    return named(name, bytes, shape, DataType.FLOAT32);
  }

  NDArray bytes(String name, Consumer<ByteBuffer> content, long... shape) {
    ByteBuffer bytes = direct(shape, Byte.BYTES);
    content.accept(bytes.duplicate());
    return named(name, bytes, shape, DataType.UINT8);
  }

  NDArray longs(String name, long[] values, long... shape) {
    ByteBuffer bytes = direct(shape, Long.BYTES);
    bytes.asLongBuffer().put(values);
    return named(name, bytes, shape, DataType.INT64);
  }

  /// Rows of values, all of one length.
  NDArray rows(String name, List<List<Float>> rows) {
    return floats(
        name,
        out -> rows.forEach(row -> row.forEach(out::put)),
        rows.size(),
        rows.getFirst().size());
  }

  /// The first rows of a matrix of floats.
  static List<List<Float>> rows(NDArray matrix, int count) {
    float[] all = matrix.toFloatArray();
    int width = Math.toIntExact(matrix.getShape().get(1));
    List<List<Float>> rows = new ArrayList<>();
    for (int row = 0; row < count; row++) {
      List<Float> values = new ArrayList<>(width);
      for (int i = row * width; i < (row + 1) * width; i++) {
        values.add(all[i]);
      }
      rows.add(values);
    }
    return rows;
  }

  private NDArray named(String name, ByteBuffer bytes, long[] shape, DataType type) {
    NDArray array = manager.create(bytes, new Shape(shape), type);
    array.setName(name);
    return array;
  }

  private static ByteBuffer direct(long[] shape, int size) {
    long count = size;
    for (long dimension : shape) {
      count = Math.multiplyExact(count, dimension);
    }
    return ByteBuffer.allocateDirect(Math.toIntExact(count)).order(ByteOrder.nativeOrder());
  }
}
