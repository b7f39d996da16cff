package io.espalier.gateway;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/// Resources call jobs, jobs call what keeps and tells them, and none calls back.
@AnalyzeClasses(
    packages = "io.espalier.gateway",
    importOptions = ImportOption.DoNotIncludeTests.class)
class DirectionTest {

  private static final String HTTP = "io.espalier.gateway.http..";
  private static final String JOBS = "io.espalier.gateway.jobs..";
  private static final String STORE = "io.espalier.gateway.store..";
  private static final String OUTBOX = "io.espalier.gateway.outbox..";
  private static final String EVENTS = "io.espalier.gateway.events..";
  private static final String CATALOG = "io.espalier.gateway.catalog..";

  @ArchTest
  static final ArchRule jobsKnowNoHttp = not(JOBS, HTTP, "jakarta.ws.rs..", "io.quarkus.rest..");

  @ArchTest
  static final ArchRule theStoreKnowsNobody = not(STORE, HTTP, JOBS, OUTBOX, EVENTS, CATALOG);

  @ArchTest static final ArchRule theOutboxKnowsTheStore = not(OUTBOX, HTTP, JOBS, EVENTS, CATALOG);

  @ArchTest static final ArchRule eventsKnowTheStore = not(EVENTS, HTTP, JOBS, OUTBOX, CATALOG);

  @ArchTest
  static final ArchRule theCatalogKnowsNobody = not(CATALOG, HTTP, JOBS, STORE, OUTBOX, EVENTS);

  @ArchTest static final ArchRule resourcesSendNothing = not(HTTP, OUTBOX, "org.apache.kafka..");

  private static ArchRule not(String who, String... whom) {
    return noClasses()
        .that()
        .resideInAPackage(who)
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(whom);
  }
}
