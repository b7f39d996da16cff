package io.espalier.gateway.outbox;

import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.GenerationType;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.util.UUID;

/// A record that Kafka has not acknowledged yet.
@Entity
@Table(name = "outbox")
public class OutboxRow {

  @Id
  @GeneratedValue(strategy = GenerationType.IDENTITY)
  private Long id;

  @Column(name = "job_id")
  private UUID jobId;

  private String topic;
  private String key;
  private byte[] payload;

  @SuppressWarnings("NullAway.Init") // Hibernate fills it in
  protected OutboxRow() {}

  @SuppressWarnings("NullAway.Init") // the database gives the id
  OutboxRow(UUID jobId, String topic, String key, byte[] payload) {
    this.jobId = jobId;
    this.topic = topic;
    this.key = key;
    this.payload = payload;
  }

  Long id() {
    return id;
  }

  UUID jobId() {
    return jobId;
  }

  String topic() {
    return topic;
  }

  String key() {
    return key;
  }

  byte[] payload() {
    return payload;
  }
}
