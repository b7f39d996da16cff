/// Bundles on ONNX Runtime through DJL: the generator, the verifiers, and all tensor code there
/// is.
@NullMarked
package io.espalier.models;

import org.jspecify.annotations.NullMarked;
