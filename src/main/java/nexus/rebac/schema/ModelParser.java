package nexus.rebac.schema;

import java.util.ArrayList;
import java.util.List;
import nexus.rebac.schema.ModelTokens.Kind;
import nexus.rebac.schema.ModelTokens.Token;

/**
 * Reads the OpenFGA model language, schema 1.1, by recursive descent: one method per rule of the grammar.
 *
 * <pre>
 *   model      = "model" "schema" "1.1" { type }
 *   type       = "type" name [ "relations" { definition } ]
 *   definition = "define" name ":" [ direct "or" ] term { "or" term }     on one line, but for the list of a direct
 *   direct     = "[" restriction { "," restriction } "]"
 *   restriction= name [ "#" name ]
 *   term       = name [ "from" name ]
 * </pre>
 *
 * A {@code #} at the start of a line or after a blank begins a comment. The rest of the language (intersection, exclusion,
 * wildcards, conditions, modules, parentheses) is recognised and refused by name: a model is never read as less than it says.
 */
public final class ModelParser {
    private final ModelTokens tokens;
    private final Positions positions = new Positions();

    private ModelParser(String text) {
        this.tokens = new ModelTokens(text);
    }

    /**
     * The model that the text describes.
     *
     * @throws ModelException if it is not a sound model, with the line and column of the first fault
     */
    public static AuthorizationModel parse(String text) {
        if (text.length() > ModelLimits.TEXT_LENGTH_MAX) {
            throw new ModelException(
                    "a model of " + text.length() + " characters; at most " + ModelLimits.TEXT_LENGTH_MAX
                            + " are allowed",
                    Position.UNKNOWN);
        }
        return new ModelParser(text).model();
    }

    private AuthorizationModel model() {
        header();
        List<TypeDefinition> types = new ArrayList<>();
        positions.put(types, tokens.peek().position());
        while (!tokens.peek().is(Kind.END)) {
            refuseUnsupportedSection();
            types.add(type());
        }
        return AuthorizationModel.of(types, positions);
    }

    private void header() {
        tokens.skipLines();
        if (tokens.peek().is(Kind.END)) {
            throw fault("the model is empty", tokens.peek());
        }
        refuseUnsupportedSection();
        keyword("model");
        endOfLine();
        keyword("schema");
        Token version = tokens.next();
        if (!version.isWord("1.1")) {
            throw fault("schema " + version.shown() + " is not supported; only 1.1 is", version);
        }
        endOfLine();
    }

    private void refuseUnsupportedSection() {
        Token token = tokens.peek();
        if (token.isWord("module") || token.isWord("extend")) {
            throw unsupported("modules ('" + token.text() + "')", token, "are");
        }
        if (token.isWord("condition")) {
            throw unsupported("conditions", token, "are");
        }
    }

    private TypeDefinition type() {
        keyword("type");
        Token name = name("a type name");
        endOfLine();
        List<RelationDefinition> relations = new ArrayList<>();
        if (tokens.peek().isWord("relations")) {
            tokens.next();
            endOfLine();
            while (tokens.peek().isWord("define")) {
                relations.add(definition());
            }
        }
        return positions.put(new TypeDefinition(name.text(), relations), name.position());
    }

    private RelationDefinition definition() {
        keyword("define");
        Token name = name("a relation name");
        expect(Kind.COLON, "':'");
        Rewrite rewrite = expression();
        endOfLine();
        return positions.put(new RelationDefinition(name.text(), rewrite), name.position());
    }

    private Rewrite expression() {
        List<Rewrite> operands = new ArrayList<>();
        operands.add(operand(true));
        refuseUnsupportedOperator();
        while (tokens.peek().isWord("or")) {
            tokens.next();
            operands.add(operand(false));
            refuseUnsupportedOperator();
        }
        return operands.size() == 1 ? operands.get(0) : new Rewrite.Union(operands);
    }

    private void refuseUnsupportedOperator() {
        Token token = tokens.peek();
        if (token.isWord("and")) {
            throw unsupported("intersection ('and')", token, "is");
        }
        if (token.isWord("but")) {
            throw unsupported("exclusion ('but not')", token, "is");
        }
    }

    private Rewrite operand(boolean first) {
        Token token = tokens.peek();
        if (token.is(Kind.LEFT_PARENTHESIS)) {
            throw unsupported("grouping with parentheses", token, "is");
        }
        if (token.is(Kind.LEFT_BRACKET)) {
            if (!first) {
                throw fault("the list of direct types comes first in a definition, and only once", token);
            }
            return direct();
        }
        Token relation = name("a relation name or '['");
        if (!tokens.peek().isWord("from")) {
            return positions.put(new Rewrite.Computed(relation.text()), relation.position());
        }
        tokens.next();
        Token tupleset = name("a relation name after 'from'");
        return positions.put(new Rewrite.From(relation.text(), tupleset.text()), relation.position());
    }

    private Rewrite direct() {
        Token bracket = tokens.next();
        List<TypeRestriction> restrictions = new ArrayList<>();
        do {
            tokens.skipLines();
            restrictions.add(restriction());
            tokens.skipLines();
        } while (tokens.take(Kind.COMMA));
        expect(Kind.RIGHT_BRACKET, "',' or ']'");
        return positions.put(new Rewrite.Direct(restrictions), bracket.position());
    }

    private TypeRestriction restriction() {
        Token type = name("a type name");
        if (tokens.peek().is(Kind.COLON)) {
            throw unsupported("a wildcard ('" + type.text() + ":*')", type, "is");
        }
        String relation = tokens.take(Kind.HASH) ? name("a relation name").text() : "";
        if (tokens.peek().isWord("with")) {
            throw unsupported("conditions ('with')", tokens.peek(), "are");
        }
        return positions.put(new TypeRestriction(type.text(), relation), type.position());
    }

    private void keyword(String word) {
        Token token = tokens.next();
        if (!token.isWord(word)) {
            throw fault("expected '" + word + "' but found " + token.shown(), token);
        }
    }

    private Token name(String expected) {
        Token token = expect(Kind.WORD, expected);
        if (!ModelNames.isName(token.text())) {
            throw fault("expected " + expected + " but found " + token.shown(), token);
        }
        return token;
    }

    private Token expect(Kind kind, String expected) {
        Token token = tokens.next();
        if (!token.is(kind)) {
            throw fault("expected " + expected + " but found " + token.shown(), token);
        }
        return token;
    }

    private void endOfLine() {
        if (!tokens.peek().is(Kind.END)) {
            expect(Kind.LINE_END, "the end of the line");
            tokens.skipLines();
        }
    }

    private static ModelException unsupported(String construct, Token at, String verb) {
        return fault(construct + " " + verb + " not supported yet", at);
    }

    private static ModelException fault(String message, Token at) {
        return new ModelException(message, at.position());
    }
}
