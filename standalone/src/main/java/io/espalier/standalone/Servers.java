package io.espalier.standalone;

import io.espalier.infra.Infrastructure;
import java.net.URI;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/// How services find embedded servers.
final class Servers {

  private Servers() {}

  /// As properties of their configuration.
  static Map<String, String> properties(Infrastructure servers) {
    URI s3 = URI.create(servers.s3().endpoint());
    Map<String, String> properties = new LinkedHashMap<>();
    properties.put("kafka.bootstrap.servers", servers.kafka().bootstrapServers());
    properties.put("quarkus.datasource.jdbc.url", servers.postgres().jdbcUrl());
    properties.put("quarkus.datasource.username", servers.postgres().user());
    properties.put("quarkus.datasource.password", servers.postgres().password());
    properties.put("quarkus.minio.host", s3.getScheme() + "://" + s3.getHost());
    properties.put("quarkus.minio.port", Integer.toString(s3.getPort()));
    properties.put("quarkus.minio.access-key", servers.s3().accessKey());
    properties.put("quarkus.minio.secret-key", servers.s3().secretKey());
    return properties;
  }

  /// As environment variables.
  static Map<String, String> environment(Infrastructure servers) {
    Map<String, String> environment = new LinkedHashMap<>();
    properties(servers)
        .forEach(
            (name, value) ->
                environment.put(name.toUpperCase(Locale.ROOT).replaceAll("[^A-Z0-9]", "_"), value));
    return environment;
  }
}
