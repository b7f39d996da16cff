/// What live fleets serve.
@NullMarked
package io.espalier.gateway.catalog;

import org.jspecify.annotations.NullMarked;
