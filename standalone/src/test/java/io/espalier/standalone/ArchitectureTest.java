package io.espalier.standalone;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.util.stream.Stream;

/// The direction of the house: who may know whom.
@AnalyzeClasses(packages = "io.espalier", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {

  @ArchTest
  static final ArchRule beamKnowsNothingButTheJdk =
      classes()
          .that()
          .resideInAPackage("io.espalier.beam..")
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage("io.espalier.beam..", "java..", "javax.imageio..", "org.jspecify..");

  @ArchTest
  static final ArchRule contractsArePlainData =
      classes()
          .that()
          .resideInAPackage("io.espalier.contracts..")
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage("io.espalier.contracts..", "java..", "org.jspecify..");

  @ArchTest static final ArchRule modelsKnowOnlyTheSearch = mayKnow("models", "beam");

  @ArchTest static final ArchRule artifactsKnowOnlyContracts = mayKnow("artifacts", "contracts");

  @ArchTest
  static final ArchRule theFlowKnowsNoModelAndNoService =
      mayKnow("flow", "beam", "contracts", "artifacts");

  @ArchTest
  static final ArchRule theGatewayRunsNoModel =
      mayKnow("gateway", "beam", "contracts", "artifacts", "flow");

  @ArchTest
  static final ArchRule searchWorkersKnowNoOtherService =
      mayKnow("search", "beam", "contracts", "artifacts", "flow", "models");

  @ArchTest
  static final ArchRule verifierWorkersKnowNoOtherService =
      mayKnow("verifier", "beam", "contracts", "artifacts", "flow", "models");

  @ArchTest
  static final ArchRule theExperimentKnowsNoService =
      mayKnow("bench", "beam", "contracts", "models");

  @ArchTest static final ArchRule embeddedServersKnowNothingOfTheHouse = mayKnow("infra");

  /// Of the house, a module may know itself and these.
  private static ArchRule mayKnow(String module, String... others) {
    String[] allowed =
        Stream.concat(Stream.of(module), Stream.of(others))
            .map(name -> "io.espalier." + name + "..")
            .toArray(String[]::new);
    return noClasses()
        .that()
        .resideInAPackage("io.espalier." + module + "..")
        .should()
        .dependOnClassesThat(
            JavaClass.Predicates.resideInAPackage("io.espalier..")
                .and(JavaClass.Predicates.resideOutsideOfPackages(allowed)));
  }

  @ArchTest
  static final ArchRule tensorsStayInModels =
      noClasses()
          .that()
          .resideOutsideOfPackage("io.espalier.models..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("ai.djl..", "ai.onnxruntime..");

  @ArchTest
  static final ArchRule nothingGoesRoundInCircles =
      slices().matching("io.espalier.(*)..").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule nobodyPrintsPastTheCommandLine =
      noClasses()
          .that()
          .resideOutsideOfPackage("io.espalier.standalone..")
          .should()
          .accessField(System.class, "out")
          .orShould()
          .accessField(System.class, "err");

  @ArchTest
  static final ArchRule noUnseededRandomness =
      noClasses()
          .should()
          .dependOnClassesThat()
          .belongToAnyOf(java.util.Random.class)
          .orShould()
          .callMethod(Math.class, "random");
}
