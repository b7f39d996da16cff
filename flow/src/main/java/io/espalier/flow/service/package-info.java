/// What every service is given: its broker, its store, its threads.
@NullMarked
package io.espalier.flow.service;

import org.jspecify.annotations.NullMarked;
