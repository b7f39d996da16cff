/// What the flow costs: measurements that can be kept and compared.
@NullMarked
package io.espalier.bench.flow;

import org.jspecify.annotations.NullMarked;
