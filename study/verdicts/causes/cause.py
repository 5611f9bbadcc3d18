"""The names of causes."""

from __future__ import annotations

from study.tables.schema import CAUSES
from study.verdicts.label_enum import Label


class Cause(Label):
    """Why a trial failed. `NONE` stands at those that trained, and at no other."""

    DATA = "data", CAUSES["data"]
    LOSS_FUNCTION = "loss_function", CAUSES["loss_function"]
    NETWORK_FUNCTION = "network_function", CAUSES["network_function"]
    UNBOUNDED_LOSS = "unbounded_loss", CAUSES["unbounded_loss"]
    BROADCAST = "broadcast", CAUSES["broadcast"]
    MIXED_EXAMPLES = "mixed_examples", CAUSES["mixed_examples"]
    UNSEEN_INPUTS = "unseen_inputs", CAUSES["unseen_inputs"]
    INPUT_SCALE = "input_scale", CAUSES["input_scale"]
    TARGET_SCALE = "target_scale", CAUSES["target_scale"]
    FLAT_LOSS = "flat_loss", CAUSES["flat_loss"]
    OTHER_GOAL = "other_goal", CAUSES["other_goal"]
    BOUNDED_OUTPUTS = "bounded_outputs", CAUSES["bounded_outputs"]
    ALIKE_UNITS = "alike_units", CAUSES["alike_units"]
    GROWING_STATE = "growing_state", CAUSES["growing_state"]
    GROWING_THROUGH_TIME = "growing_through_time", CAUSES["growing_through_time"]
    GROWING_THROUGH_DEPTH = "growing_through_depth", CAUSES["growing_through_depth"]
    SHRINKING_THROUGH_TIME = "shrinking_through_time", CAUSES["shrinking_through_time"]
    SHRINKING_THROUGH_DEPTH = "shrinking_through_depth", CAUSES["shrinking_through_depth"]
    DEAD_FROM_START = "dead_from_start", CAUSES["dead_from_start"]
    SATURATED_FROM_START = "saturated_from_start", CAUSES["saturated_from_start"]
    COLD_START = "cold_start", CAUSES["cold_start"]
    KILLED_BY_UPDATE = "killed_by_update", CAUSES["killed_by_update"]
    SATURATED_BY_UPDATE = "saturated_by_update", CAUSES["saturated_by_update"]
    STILL_PART = "still_part", CAUSES["still_part"]
    WEIGHT_DECAY = "weight_decay", CAUSES["weight_decay"]
    LARGE_STEPS = "large_steps", CAUSES["large_steps"]
    DECAYED_RATE = "decayed_rate", CAUSES["decayed_rate"]
    EPSILON = "epsilon", CAUSES["epsilon"]
    CLIPPED_AWAY = "clipped_away", CAUSES["clipped_away"]
    MAJORITY_ANSWER = "majority_answer", CAUSES["majority_answer"]
    SMALL_STEPS = "small_steps", CAUSES["small_steps"]
    NO_SIGNAL = "no_signal", CAUSES["no_signal"]
    OWN_NOISE = "own_noise", CAUSES["own_noise"]
    LINEAR_NETWORK = "linear_network", CAUSES["linear_network"]
    BATCH_NOISE = "batch_noise", CAUSES["batch_noise"]
    SHORT_TRAINING = "short_training", CAUSES["short_training"]
    LEVELLED_OFF = "levelled_off", CAUSES["levelled_off"]
    UNKNOWN = "unknown", CAUSES["unknown"]
    NONE = "none", CAUSES["none"]
