/// The API over HTTP: resources, the documents that they take and give, and problem details.
@NullMarked
package io.espalier.gateway.http;

import org.jspecify.annotations.NullMarked;
