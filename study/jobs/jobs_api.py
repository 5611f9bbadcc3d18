"""Ray's Jobs API over HTTP.

Not Ray's own client. Over `JobSubmissionClient` (2.60) this module came to 100 lines instead of
218, and lost what nothing of its public interface gives back:

- RAY_ADDRESS and RAY_API_SERVER_ADDRESS go before the address that a person named: the token of
  one cluster is sent to another.
- What ~/.netrc holds for the host is sent instead of the token, and redirections are followed.
- No call has a time limit: a head that takes the connection and says nothing is waited for always
  (here 60 s).
- What went wrong is text: 404 of a job, of a page and of a dashboard are one RuntimeError, a
  certificate that is not valid is a failed connection, 401 and 403 are four lines about this
  machine's RAY_AUTH_MODE.
- A package is read whole into memory before it is sent, and may have 512 MiB, of which the head
  takes 100.

Importing Ray takes `gradscape status --address` half a second of CPU time more (1.9 s for 1.4 s).
Of Ray's packaging only the client is public; the size check needs the list of files beforehand,
and so `ignored` and `working_folder` all the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests

from search_spaces.errors import InputError
from study.errors import ClusterUnavailable, JobUnknown, TokenWanted, first_cause
from study.jobs.address import OPTION, ClusterAddress
from study.jobs.job import Job, read_job
from study.jobs.token import SOURCES, Token

CONNECT_S, ANSWER_S, UPLOAD_S = 10.0, 60.0, 600.0


class _Bearer(requests.auth.AuthBase):
    """The token and nothing else: without this, requests would send what ~/.netrc holds."""

    def __init__(self, token: Token | None) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers.pop("Authorization", None)
        if self._token is not None:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class JobsApi:
    """The jobs of one cluster.

    Every method raises `ClusterUnavailable` if the cluster does not answer, `TokenWanted` if it
    wants a token, and InputError if it refuses the one it got or its certificate is not valid.

    Args:
        address: Address of the cluster's dashboard.
        token: Sent with every request, to this address only; None for a cluster without.
    """

    def __init__(self, address: ClusterAddress, token: Token | None = None) -> None:
        self._url = address.url
        self._token = token
        self._session = requests.Session()
        self._session.auth = _Bearer(token)

    @property
    def url(self) -> str:
        """Address of the cluster."""
        return self._url

    def check(self) -> None:
        """Asks for something harmless, to know whether the other methods would be answered."""
        answer = self._json("GET", "/api/version")
        if "ray_version" not in answer:
            raise InputError(f"{self._url} answers, but is no Ray dashboard", key=OPTION)

    def jobs(self) -> list[Job]:
        """The jobs of studies, oldest first."""
        jobs = [read_job(record) for record in self._json("GET", "/api/jobs/")]
        return sorted((job for job in jobs if job), key=lambda job: job.started_s or 0.0)

    def job(self, job_id: str) -> Job:
        """One job of a study.

        Raises:
            JobUnknown: If there is none.
        """
        job = read_job(self._json("GET", f"/api/jobs/{quote(job_id, safe='')}"))
        if job is None:
            raise JobUnknown(f"job {job_id} on {self._url} is not one of gradscape's")
        return job

    def log(self, job_id: str) -> str:
        """All that the job has printed so far."""
        answer = self._json("GET", f"/api/jobs/{quote(job_id, safe='')}/logs")
        return str(answer.get("logs") or "")

    def stop(self, job_id: str) -> bool:
        """Asks a job to stop; whether it was running."""
        answer = self._json("POST", f"/api/jobs/{quote(job_id, safe='')}/stop")
        return bool(answer.get("stopped"))

    def submit(
        self,
        *,
        job_id: str,
        entrypoint: str,
        package: str | None,
        environment: Mapping[str, str],
        metadata: Mapping[str, str],
    ) -> None:
        """Starts a job.

        Args:
            job_id: Submission id, of no other job, past ones included.
            entrypoint: Shell command.
            package: Name of an uploaded package, which becomes the job's working folder.
            environment: Variables of the job; whoever may ask for the job sees them.
            metadata: Kept with the job.

        Raises:
            ClusterUnavailable: Also if there is a job of that id.
        """
        runtime_env: dict[str, object] = {"env_vars": dict(environment)}
        if package is not None:
            runtime_env["working_dir"] = f"gcs://{package}"
        body = {
            "submission_id": job_id,
            "entrypoint": entrypoint,
            "runtime_env": runtime_env,
            "metadata": dict(metadata),
        }
        self._json("POST", "/api/jobs/", json=body)

    def upload(self, name: str, archive: Path) -> None:
        """Uploads a package unless the cluster has it.

        Args:
            name: `_ray_pkg_DIGEST.zip`.
            archive: The zip file.
        """
        path = f"/api/packages/gcs/{name}"
        there = self._request("GET", path, allowed=(HTTPStatus.NOT_FOUND,))
        if there.status_code == HTTPStatus.NOT_FOUND:
            with archive.open("rb") as file:
                self._request("PUT", path, data=file, timeout_s=UPLOAD_S)

    def _json(self, method: str, path: str, *, json: Any = None) -> Any:
        answer = self._request(method, path, json=json)
        try:
            return answer.json()
        except ValueError:
            raise InputError(f"{self._url} answers, but is no Ray dashboard", key=OPTION) from None

    def _request(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        data: Any = None,
        timeout_s: float = ANSWER_S,
        allowed: Sequence[int] = (),
    ) -> requests.Response:
        try:
            answer = self._session.request(
                method,
                self._url + path,
                json=json,
                data=data,
                timeout=(CONNECT_S, timeout_s),
                # A token goes to the address that the person named, to no other.
                allow_redirects=False,
            )
        except requests.exceptions.SSLError as error:
            raise InputError(
                f"the certificate of {self._url} must be valid, but {first_cause(error)}; the "
                "file of an authority of your own is named by REQUESTS_CA_BUNDLE",
                key=OPTION,
            ) from None
        except requests.RequestException as error:
            raise ClusterUnavailable(
                f"no cluster answers at {self._url}: {first_cause(error)}"
            ) from None
        if answer.ok and not answer.is_redirect or answer.status_code in allowed:
            return answer
        raise self._refusal(answer, path)

    def _refusal(self, answer: requests.Response, path: str) -> Exception:
        """What a status code means to a person."""
        code = answer.status_code
        if code == HTTPStatus.UNAUTHORIZED:
            return TokenWanted(
                f"{self._url} asks for a token (401); set one of {SOURCES}, as on its nodes",
                key=OPTION,
            )
        if code == HTTPStatus.FORBIDDEN:
            return InputError(
                f"{self._url} does not take this token (403); the one on its nodes must stand in "
                f"{SOURCES}",
                key=OPTION,
            )
        if answer.is_redirect:
            return InputError(
                f"{self._url} sends elsewhere ({code}); name the address of the cluster itself",
                key=OPTION,
            )
        if code == HTTPStatus.NOT_FOUND and path.startswith("/api/jobs/"):
            return JobUnknown(f"{self._url} knows no such job")
        if code == HTTPStatus.NOT_FOUND:
            return InputError(f"{self._url} answers, but is no Ray dashboard", key=OPTION)
        lines = answer.text.strip().splitlines() or [answer.reason or ""]
        return ClusterUnavailable(f"{self._url} failed ({code}): {lines[-1][:300]}")
