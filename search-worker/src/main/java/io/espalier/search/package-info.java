/// Everything that a search worker does apart from its three roles.
@NullMarked
package io.espalier.search;

import org.jspecify.annotations.NullMarked;
