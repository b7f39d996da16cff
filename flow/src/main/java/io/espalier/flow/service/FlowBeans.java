package io.espalier.flow.service;

import io.espalier.artifacts.ArtifactStore;
import io.espalier.artifacts.S3Artifacts;
import io.espalier.flow.DeadLetters;
import io.espalier.flow.EndedJobs;
import io.espalier.flow.RecordSender;
import io.espalier.flow.TopicPlan;
import io.espalier.flow.TopicSetup;
import io.minio.MinioClient;
import io.smallrye.common.annotation.Identifier;
import jakarta.enterprise.context.Dependent;
import jakarta.enterprise.inject.Disposes;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.util.Map;

/// The shared parts, each made when the first service asks for it.
@Dependent
final class FlowBeans {

  private static final String BROKER = "default-kafka-broker";

  @Produces
  @Singleton
  RecordSender sender(@Identifier(BROKER) Map<String, Object> broker) {
    return RecordSender.connect(broker);
  }

  void close(@Disposes RecordSender sender) {
    sender.close();
  }

  @Produces
  @Singleton
  DeadLetters deadLetters(RecordSender sender) {
    return new DeadLetters(sender);
  }

  @Produces
  @Singleton
  EndedJobs endedJobs(@Identifier(BROKER) Map<String, Object> broker) {
    return new EndedJobs(broker);
  }

  void close(@Disposes EndedJobs endedJobs) {
    endedJobs.close();
  }

  @Produces
  @Dependent
  TopicPlan topicPlan(FlowConfig config) {
    FlowConfig.Topics topics = config.topics();
    return new TopicPlan(topics.jobPartitions(), topics.workPartitions(), topics.replication());
  }

  @Produces
  @Singleton
  TopicSetup topicSetup(@Identifier(BROKER) Map<String, Object> broker, TopicPlan plan) {
    return new TopicSetup(broker, plan);
  }

  @Produces
  @Singleton
  ArtifactStore store(MinioClient client, FlowConfig config) {
    FlowConfig.Artifacts artifacts = config.artifacts();
    return new S3Artifacts(client, artifacts.bucket(), artifacts.patience());
  }
}
