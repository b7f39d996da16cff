package io.espalier.flow;

import com.fasterxml.jackson.databind.introspect.AnnotatedConstructor;
import com.fasterxml.jackson.databind.introspect.AnnotatedMember;
import com.fasterxml.jackson.databind.introspect.AnnotatedParameter;
import com.fasterxml.jackson.databind.introspect.JacksonAnnotationIntrospector;
import org.jspecify.annotations.Nullable;

/// Every component of a record is required, except where its type is marked [Nullable]: what the
/// compiler checks of our own code, Jackson checks of documents from outside.
final class RequiredFields extends JacksonAnnotationIntrospector {

  private static final long serialVersionUID = 1;

  @Override
  public @Nullable Boolean hasRequiredMarker(AnnotatedMember member) {
    if (member instanceof AnnotatedParameter parameter
        && parameter.getOwner() instanceof AnnotatedConstructor constructor
        && constructor.getDeclaringClass().isRecord()) {
      return !constructor
          .getAnnotated()
          .getAnnotatedParameterTypes()[parameter.getIndex()]
          .isAnnotationPresent(Nullable.class);
    }
    return super.hasRequiredMarker(member);
  }
}
