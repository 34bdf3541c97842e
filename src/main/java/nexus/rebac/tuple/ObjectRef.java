package nexus.rebac.tuple;

public record ObjectRef(String type, String id) {}
