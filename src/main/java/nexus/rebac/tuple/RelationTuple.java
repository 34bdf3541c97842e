package nexus.rebac.tuple;

public record RelationTuple(ObjectRef object, String relation, SubjectRef subject) {}
