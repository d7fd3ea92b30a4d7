"""The table of store calls that is checked in tells the truth."""

from benchmarks import store_calls
from tests.support import paid_calls
from tests.support.api import Api


def test_the_table_of_store_calls_is_what_the_endpoints_do(api: Api) -> None:
    # On failure: make store-calls, and look at what has become dearer.
    api.store.client.delete_item(
        TableName="CallsTable", Key={"callId": {"S": paid_calls.LIVE}, "pbx": {"S": paid_calls.PBX}}
    )
    api.store.client.delete_item(TableName="PbxsTable", Key={"pbx": {"S": paid_calls.PBX}})
    for item in api.store.items("REFUSALS_TABLE"):
        api.store.client.delete_item(TableName="RefusalsTable", Key={"day": {"S": item["day"]}})
    assert store_calls.TABLE.read_text(encoding="utf-8") == store_calls.table()
