package io.espalier.infra;

/// Which ports of 127.0.0.1 the servers listen on. 0 means the port of the last start in the same
/// folder, so that a client finds a restarted server again, or any free one at the first.
public record Ports(int kafka, int postgres, int s3) {

  /// 0 for all.
  public static final Ports ANY = new Ports(0, 0, 0);

  public Ports {
    for (int port : new int[] {kafka, postgres, s3}) {
      if (port < 0 || port > 65_535) {
        throw new IllegalArgumentException("A port is from 0 to 65535, not " + port);
      }
    }
  }
}
