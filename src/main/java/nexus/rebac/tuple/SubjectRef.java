package nexus.rebac.tuple;

public record SubjectRef(String type, String id, String relation) {}
