package io.espalier.standalone;

import picocli.CommandLine.IVersionProvider;

/// The version of the jar that this class came in.
final class Version implements IVersionProvider {

  @Override
  public String[] getVersion() {
    String version = Espalier.class.getPackage().getImplementationVersion();
    return new String[] {"espalier " + (version == null ? "(not packaged)" : version)};
  }
}
