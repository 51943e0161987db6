"""The pinned Prefect, SQLAlchemy and FastAPI really schedule: some versions together do so silently not at all."""

import datetime
import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

DEPLOY = """
import asyncio
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.schedules import CronSchedule
from prefect.client.schemas.sorting import FlowRunSort

async def main():
    async with get_client() as client:
        flow = await client.create_flow_from_name("retrain")
        schedule = DeploymentScheduleCreate(schedule=CronSchedule(cron="0 3 * * *", timezone="Europe/Paris"))
        deployment = await client.create_deployment(flow, "nightly", schedules=[schedule])
        for _ in range(60):
            runs = await client.read_flow_runs(limit=50, sort=FlowRunSort.EXPECTED_START_TIME_ASC)
            scheduled = [run.expected_start_time for run in runs if run.deployment_id == deployment]
            if scheduled:
                break
            await asyncio.sleep(1)
        print(*sorted(time.isoformat() for time in scheduled))

asyncio.run(main())
"""


def test_a_cron_deployment_gets_scheduled_runs(server: str) -> None:
    env = {**os.environ, "PREFECT_API_URL": server}
    done = subprocess.run([sys.executable, "-c", DEPLOY], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    times = [datetime.datetime.fromisoformat(text) for text in done.stdout.split()]
    assert times, "no run was scheduled within a minute"
    paris = datetime.timezone(datetime.timedelta(hours=1)), datetime.timezone(datetime.timedelta(hours=2))
    assert all(any(moment.astimezone(zone).hour == 3 for zone in paris) for moment in times)
