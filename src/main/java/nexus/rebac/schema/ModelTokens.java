package nexus.rebac.schema;

/** Cuts a model's text into words and signs, one ahead of the parser. */
final class ModelTokens {
    enum Kind {
        WORD,
        COLON,
        COMMA,
        HASH,
        STAR,
        LEFT_BRACKET,
        RIGHT_BRACKET,
        LEFT_PARENTHESIS,
        RIGHT_PARENTHESIS,
        LINE_END,
        END
    }

    record Token(Kind kind, String text, Position position) {
        boolean is(Kind other) {
            return kind == other;
        }

        boolean isWord(String word) {
            return kind == Kind.WORD && text.equals(word);
        }

        /** As an error message names it. */
        String shown() {
            return switch (kind) {
                case LINE_END -> "the end of the line";
                case END -> "the end of the model";
                case WORD, COLON, COMMA, HASH, STAR, LEFT_BRACKET, RIGHT_BRACKET, LEFT_PARENTHESIS, RIGHT_PARENTHESIS ->
                    "'" + text + "'";
            };
        }
    }

    private final String text;
    private int at;
    private int line = 1;
    private int lineStart;
    private Token ahead;

    ModelTokens(String text) {
        this.text = text;
        this.ahead = read();
    }

    Token peek() {
        return ahead;
    }

    Token next() {
        Token token = ahead;
        ahead = read();
        return token;
    }

    /** Takes the next token if it is of the kind. */
    boolean take(Kind kind) {
        boolean taken = ahead.is(kind);
        if (taken) {
            next();
        }
        return taken;
    }

    void skipLines() {
        while (ahead.is(Kind.LINE_END)) {
            next();
        }
    }

    private Token read() {
        skipBlanksAndComment();
        Position position = new Position(line, at - lineStart + 1);
        if (at == text.length()) {
            return new Token(Kind.END, "", position);
        }
        char c = text.charAt(at);
        if (c == '\n') {
            at++;
            line++;
            lineStart = at;
            return new Token(Kind.LINE_END, "\n", position);
        }
        int start = at;
        if (ModelNames.isPart(c)) {
            while (at < text.length() && ModelNames.isPart(text.charAt(at))) {
                at++;
            }
            return new Token(Kind.WORD, text.substring(start, at), position);
        }
        at++;
        return new Token(sign(c, position), String.valueOf(c), position);
    }

    private static Kind sign(char c, Position position) {
        return switch (c) {
            case ':' -> Kind.COLON;
            case ',' -> Kind.COMMA;
            case '#' -> Kind.HASH;
            case '*' -> Kind.STAR;
            case '[' -> Kind.LEFT_BRACKET;
            case ']' -> Kind.RIGHT_BRACKET;
            case '(' -> Kind.LEFT_PARENTHESIS;
            case ')' -> Kind.RIGHT_PARENTHESIS;
            default ->
                throw new ModelException(String.format("unexpected character '%c' (U+%04X)", c, (int) c), position);
        };
    }

    /** A {@code #} inside a word's reach, as in {@code group#member}, is a sign; after a blank it begins a comment. */
    private void skipBlanksAndComment() {
        while (at < text.length() && isBlank(text.charAt(at))) {
            at++;
        }
        boolean commentMayStart = at == lineStart || isBlank(text.charAt(at - 1));
        if (commentMayStart && at < text.length() && text.charAt(at) == '#') {
            while (at < text.length() && text.charAt(at) != '\n') {
                at++;
            }
        }
    }

    private static boolean isBlank(char c) {
        return c == ' ' || c == '\t' || c == '\r';
    }
}
