package nexus.benchmarks;

import java.util.Arrays;

/** What is told of the rounds of one measurement. */
record Median(double lowest, double middle, double highest) {
    static Median of(double... rounds) {
        double[] sorted = rounds.clone();
        Arrays.sort(sorted);
        int half = sorted.length / 2;
        double middle = sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
        return new Median(sorted[0], middle, sorted[sorted.length - 1]);
    }
}
