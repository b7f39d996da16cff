package io.espalier.gateway;

import io.espalier.artifacts.ArtifactStore;
import io.espalier.artifacts.S3Artifacts;
import io.espalier.flow.service.FlowConfig;
import io.minio.MinioAsyncClient;
import jakarta.annotation.Priority;
import jakarta.enterprise.inject.Alternative;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/// The real store, of which a test can say what it refuses to remove.
@Singleton
public class StoreUnderTest {

  private final Set<String> stuck = ConcurrentHashMap.newKeySet();

  /// Refuses from now on to remove what has this prefix.
  void refuseToRemove(String prefix) {
    stuck.add(prefix);
  }

  /// Refuses nothing any more.
  void refuseNothing() {
    stuck.clear();
  }

  @Produces
  @Singleton
  @Alternative
  @Priority(1)
  ArtifactStore store(MinioAsyncClient client, FlowConfig config) {
    ArtifactStore real =
        new S3Artifacts(
            client,
            config.artifacts().bucket(),
            config.artifacts().patience(),
            config.artifacts().requestsAtOnce());
    return (ArtifactStore)
        Proxy.newProxyInstance(
            ArtifactStore.class.getClassLoader(),
            new Class<?>[] {ArtifactStore.class},
            (_, method, arguments) -> {
              if (method.getName().startsWith("delete") && stuck.contains((String) arguments[0])) {
                throw new IllegalStateException(arguments[0] + " cannot be removed");
              }
              try {
                return method.invoke(real, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }
}
