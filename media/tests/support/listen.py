"""PESQ (ITU-T P.862, P.862.2) of pairs of WAV files, as MOS-LQO.

Reads lines of `nb|wb<TAB>reference.wav<TAB>heard.wav` and prints a score for each; 1, the least, where no speech was heard.
"""

import sys
import wave
from concurrent.futures import ProcessPoolExecutor

import numpy
from pesq import NoUtterancesError, pesq


def samples_of(path):
    with wave.open(path) as file:
        samples = numpy.frombuffer(file.readframes(file.getnframes()), "<i2")
        return file.getframerate(), samples.astype(numpy.float32)


def score(line):
    mode, reference, heard = line.rstrip("\n").split("\t")
    rate, spoken = samples_of(reference)
    heard_rate, received = samples_of(heard)
    assert rate == heard_rate, (rate, heard_rate)
    try:
        return pesq(rate, spoken, received, mode)
    except NoUtterancesError:
        return 1.0


if __name__ == "__main__":
    with ProcessPoolExecutor() as pool:
        for result in pool.map(score, list(sys.stdin)):
            print(f"{result:.4f}")
