package io.espalier.bench;

/// A way to count what a search costs.
enum Currency {
  NFE("NFE"),
  TOKEN_FORWARDS("token-forwards"),
  SECONDS("seconds");

  private static final double SECOND = 1000;

  private final String unit;

  Currency(String unit) {
    this.unit = unit;
  }

  String unit() {
    return unit;
  }

  double of(Run run) {
    return switch (this) {
      case NFE -> run.ledger().nfe();
      case TOKEN_FORWARDS -> run.ledger().tokenForwards();
      case SECONDS -> run.ledger().wallMillis() / SECOND;
    };
  }
}
