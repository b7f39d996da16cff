package io.espalier.gateway.store;

import jakarta.persistence.AttributeConverter;
import jakarta.persistence.Converter;

/// A status as its word.
@Converter(autoApply = true)
public class StatusColumn implements AttributeConverter<JobStatus, String> {

  @Override
  public String convertToDatabaseColumn(JobStatus status) {
    return status.word();
  }

  @Override
  public JobStatus convertToEntityAttribute(String word) {
    return JobStatus.parse(word)
        .orElseThrow(() -> new IllegalStateException("the database holds the status " + word));
  }
}
