package nexus.rebac.schema;

import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * The rule of one relation, as the paper's userset rewrite. There is one method per use: a new kind of rewrite, such as an
 * intersection, has to answer each of them before it compiles.
 */
public sealed interface Rewrite {

    /** Shows every leaf of the rule, from left to right, whatever the operators between them. */
    void forEachLeaf(Leaves leaves);

    /** Whether anybody could ever hold the relation, given which leaves could be entered. */
    boolean isEntered(Predicate<Rewrite> leafEntered);

    /** The rule in the model language. */
    @Override
    String toString();

    /** What a rule is made of. */
    interface Leaves {
        void direct(Direct leaf);

        void computed(Computed leaf);

        void from(From leaf);
    }

    /** {@code [user, group#member]}: whom a stored tuple names. */
    record Direct(List<TypeRestriction> restrictions) implements Rewrite {
        public Direct {
            restrictions = List.copyOf(restrictions);
        }

        @Override
        public void forEachLeaf(Leaves leaves) {
            leaves.direct(this);
        }

        @Override
        public boolean isEntered(Predicate<Rewrite> leafEntered) {
            return leafEntered.test(this);
        }

        @Override
        public String toString() {
            return restrictions.stream().map(TypeRestriction::toString).collect(Collectors.joining(", ", "[", "]"));
        }
    }

    /** {@code editor}: whoever holds another relation on the same object. */
    record Computed(String relation) implements Rewrite {
        @Override
        public void forEachLeaf(Leaves leaves) {
            leaves.computed(this);
        }

        @Override
        public boolean isEntered(Predicate<Rewrite> leafEntered) {
            return leafEntered.test(this);
        }

        @Override
        public String toString() {
            return relation;
        }
    }

    /** {@code viewer from parent}: whoever holds {@code relation} on an object that {@code tupleset} points to. */
    record From(String relation, String tupleset) implements Rewrite {
        @Override
        public void forEachLeaf(Leaves leaves) {
            leaves.from(this);
        }

        @Override
        public boolean isEntered(Predicate<Rewrite> leafEntered) {
            return leafEntered.test(this);
        }

        @Override
        public String toString() {
            return relation + " from " + tupleset;
        }
    }

    /** {@code a or b}: whoever is in one of them. */
    record Union(List<Rewrite> operands) implements Rewrite {
        public Union {
            operands = List.copyOf(operands);
        }

        @Override
        public void forEachLeaf(Leaves leaves) {
            operands.forEach(operand -> operand.forEachLeaf(leaves));
        }

        @Override
        public boolean isEntered(Predicate<Rewrite> leafEntered) {
            return operands.stream().anyMatch(operand -> operand.isEntered(leafEntered));
        }

        @Override
        public String toString() {
            return operands.stream().map(Rewrite::toString).collect(Collectors.joining(" or "));
        }
    }
}
