"""What Lambda documents about DynamoDB streams as event sources, and the test that shows each rule.

LDG is docs.aws.amazon.com/lambda/latest/dg, API the Lambda API reference, DDB the DynamoDB Streams API reference.

Reading
| Records are read from TRIM_HORIZON, the oldest | LDG services-ddb-params | test_shards.test_trim_horizon_begins_with_the_oldest_record |
| LATEST leaves out what was written before | LDG services-ddb-params | test_shards.test_latest_leaves_out_what_was_written_before |
| A shard is polled four times a second | LDG with-ddb | test_shards.test_an_idle_shard_is_read_four_times_a_second |
| A parent shard is processed before its children | DDB Streams guide | test_shards.test_a_child_waits_until_the_parent_is_processed_and_not_only_read |
| The list of shards comes in pages | DDB DescribeStream | test_shards.test_every_shard_is_read_page_after_page_of_the_list |
| A parent that is trimmed with its records blocks no child | DDB Streams guide | test_shards.test_a_parent_that_is_no_longer_listed_is_not_waited_for |
| A null iterator closes a shard | DDB GetRecords | test_shards.test_a_disabled_stream_is_processed_to_its_end |
| An iterator expires after 15 minutes | DDB ExpiredIteratorException | test_shards.test_an_expired_iterator_is_replaced_by_one_after_the_last_record |
| Records are trimmed after 24 hours | DDB TrimmedDataAccessException | test_shards.test_after_a_trim_reading_continues_with_the_oldest_record_left |

Filtering
| An eventName pattern lists the names that match | LDG invocation-eventfiltering | test_mapping.test_the_filter_of_the_stack_selects_what_it_records |
| Without filters every record is sent | LDG invocation-eventfiltering | test_consumer.test_without_filters_every_record_is_sent |
| Filters are joined by or | LDG invocation-eventfiltering | test_mapping.test_a_record_may_match_any_of_several_filters |
| A record that satisfies no filter is discarded | LDG invocation-eventfiltering | test_consumer.test_filtered_records_count_as_done_and_take_no_place_in_a_batch |

Batching
| A batch has at most BatchSize records | LDG services-ddb-params | test_batches.test_a_batch_holds_at_most_batch_size_records |
| Without a window the function is invoked as soon as records are there | LDG with-ddb | test_batches.test_without_a_window_records_are_sent_at_once |
| The function is invoked when the batching window ends | LDG with-ddb | test_batches.test_a_batch_is_sent_when_the_window_has_passed_since_its_first_record |
| or when the batch is full | LDG with-ddb | test_batches.test_a_full_batch_does_not_wait_for_the_window |
| or when the payload reaches 6 MB | LDG with-ddb | test_batches.test_a_batch_is_sent_when_its_payload_reaches_6_mb |
| ParallelizationFactor batches of a shard are processed at once | LDG with-ddb | test_batches.test_as_many_batches_of_a_shard_are_under_way_as_the_factor_says |
| Order is kept per partition and sort key | LDG with-ddb | test_batches.test_records_of_one_item_stay_in_order |
| A failing batch blocks what follows it | LDG services-dynamodb-errors | test_batches.test_a_failing_batch_blocks_its_own_lane_only |

Invoking
| The event has the documented shape | LDG with-ddb-example | test_records.test_the_event_is_what_lambda_sends |
| Removals by time to live name the service | DDB Identity | test_records.test_an_expired_item_names_its_remover_in_lower_case |
| The function is invoked synchronously | LDG with-ddb | test_invocation.test_the_function_is_invoked_synchronously_by_the_arn_of_the_mapping |
| Delivery is at least once; a retry carries the same records | LDG with-ddb | test_records.test_a_retry_carries_the_same_records_with_the_same_ids |

Partial batch responses
| They count only with ReportBatchItemFailures | LDG services-ddb-batchfailurereporting | test_invocation.test_a_response_counts_only_if_the_mapping_reports_item_failures |
| The lowest sequence number is the checkpoint | LDG services-ddb-batchfailurereporting | test_invocation.test_the_lowest_sequence_number_is_the_checkpoint |
| Everything from the checkpoint is retried | LDG services-ddb-batchfailurereporting | test_retries.test_everything_from_the_checkpoint_is_retried |
| An empty or null list or response is success | LDG services-ddb-batchfailurereporting | test_invocation.test_an_empty_or_null_response_or_list_is_success |
| An empty, null or misnamed itemIdentifier fails the whole batch | LDG services-ddb-batchfailurereporting | test_invocation.test_a_malformed_response_or_identifier_fails_the_whole_batch |
| A failed invocation is split whatever the response type | LDG services-ddb-batchfailurereporting | test_retries.test_a_failed_invocation_is_split_though_item_failures_are_reported |
| With both settings a batch is split at the checkpoint and the remainder is retried | LDG services-ddb-batchfailurereporting | test_retries.test_a_partial_failure_splits_at_the_checkpoint_and_retries_the_remainder |

Errors
| A function error fails the whole batch | LDG services-dynamodb-errors | test_invocation.test_a_function_error_fails_the_whole_batch |
| A failed batch is retried | LDG services-dynamodb-errors | test_retries.test_a_failed_invocation_is_retried_as_a_whole |
| Retries back off exponentially | LDG with-ddb | test_retries.test_retries_wait_twice_as_long_each_time |
| MaximumRetryAttempts limits the retries | LDG services-ddb-params | test_retries.test_a_batch_is_retried_as_often_as_the_quota_says_and_then_discarded |
| -1 retries until the record expires | LDG services-ddb-params | test_retries.test_an_unlimited_quota_lasts_until_the_record_expires |
| Throttles and service errors do not use up the retries | LDG services-dynamodb-errors | test_retries.test_throttles_do_not_consume_the_quota |
| but end at the maximum age | LDG services-dynamodb-errors | test_retries.test_throttles_end_at_the_maximum_age |
| MaximumRecordAgeInSeconds limits the retries | LDG services-ddb-params | test_retries.test_retries_end_at_the_maximum_age |
| Records beyond it are not sent | LDG services-ddb-params | test_retries.test_records_are_discarded_for_age_one_by_one |
| BisectBatchOnFunctionError splits a failed batch in two | LDG services-ddb-params | test_retries.test_a_failed_batch_is_split_in_two_and_both_halves_are_retried |
| Splitting does not use up the retries | LDG services-dynamodb-errors | test_retries.test_splitting_does_not_consume_the_quota |
| Discarded records do not block the shard | LDG services-dynamodb-errors | test_consumer.test_the_checkpoint_stays_before_a_record_that_is_not_done |

On-failure destinations
| The record has the documented fields | LDG services-dynamodb-errors | test_destination.test_the_metadata_are_the_documented_ones |
| A bucket may be the destination | LDG services-dynamodb-errors | test_mapping.test_a_bucket_may_be_the_destination |
| In S3 it has the whole event as an escaped JSON string | LDG services-dynamodb-errors | test_destination.test_the_payload_is_the_whole_event_as_an_escaped_json_string |
| The object key names mapping, shard, time and a random UUID | LDG services-dynamodb-errors | test_destination.test_the_object_key_has_the_documented_layout |
| Without a destination records are discarded | LDG services-dynamodb-errors | test_destination.test_without_a_destination_records_are_dropped |

Settings
| Defaults: 100 records, no window, factor 1, no bisecting | LDG services-ddb-params | test_mapping.test_defaults_are_those_of_the_documentation |
| -1 means infinite, and a stream keeps records for 24 hours | LDG services-ddb-params | test_mapping.test_minus_one_means_until_the_record_expires |
"""  # noqa: E501

import importlib

import pytest

ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (__doc__ or "").splitlines()
    if line.startswith("|")
]


def test_every_row_has_a_rule_a_source_and_a_test() -> None:
    assert len(ROWS) > 50
    assert all(len(row) == 3 and all(row) for row in ROWS)


def test_no_rule_is_named_twice() -> None:
    assert len({rule for rule, _, _ in ROWS}) == len(ROWS)


@pytest.mark.parametrize(("module", "name"), [row[2].split(".") for row in ROWS])
def test_the_named_test_exists(module: str, name: str) -> None:
    assert callable(getattr(importlib.import_module(f"tests.build.poller.{module}"), name))
