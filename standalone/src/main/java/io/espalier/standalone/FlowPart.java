package io.espalier.standalone;

import io.espalier.bench.flow.Measured;
import java.util.List;

/// A part of `espalier bench flow`.
interface FlowPart {

  /// What its quantities are listed under, and what asks for it alone.
  String name();

  /// Measures; may take minutes.
  ///
  /// @throws InterruptedException where the calling thread is interrupted; what was started is
  ///     closed with the bench
  List<Measured> measure(FlowBench bench) throws InterruptedException;
}
