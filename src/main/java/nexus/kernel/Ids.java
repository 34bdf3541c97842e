package nexus.kernel;

import java.time.InstantSource;
import java.util.UUID;
import java.util.random.RandomGenerator;

/**
 * Makes new ids. Give it a cryptographic generator where an id must not be guessed.
 *
 * <p>Thread-safe if its generator is.
 */
public final class Ids {
    private final InstantSource clock;
    private final RandomGenerator random;

    /** Ids of this clock and this source of chance. */
    public Ids(InstantSource clock, RandomGenerator random) {
        this.clock = clock;
        this.random = random;
    }

    /** A new id: the present time and 80 random bits. */
    public UUID next() {
        return Ulid.of(clock.millis(), random.nextInt(), random.nextLong());
    }

    /** The id of a new command. */
    public CommandId nextCommand() {
        return new CommandId(next());
    }

    /** The id of a new key. */
    public KeyId nextKey() {
        return new KeyId(next());
    }
}
