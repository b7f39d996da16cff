/// The search: schedules, lineages, strategies, pruning, combining and budgets, over nothing but
/// the JDK.
///
/// [io.espalier.beam.Pruning] is the whole algorithm as one pure function.
/// [io.espalier.beam.Search] is the loop that runs it in this process; the distributed system
/// runs the same function and must give the same tree.
@NullMarked
package io.espalier.beam;

import org.jspecify.annotations.NullMarked;
