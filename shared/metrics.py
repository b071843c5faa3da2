"""What an operator's dashboards and alarms look at. One registry per runtime, so that four services share a process."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    """The meters of one service in one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.http_requests = Counter(
            "hall_http_requests",
            "Requests answered, by route template and status",
            ["service", "method", "route", "status"],
            registry=self.registry,
        )
        self.http_seconds = Histogram(
            "hall_http_seconds",
            "Seconds from the first byte in to the last byte out",
            ["service", "method", "route"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.outbox_waiting = self._gauge("hall_outbox_waiting", "Events written and not yet on the bus")
        self.outbox_lag_seconds = self._gauge(
            "hall_outbox_lag_seconds", "Age of the oldest event that waits for the relay"
        )
        self.consumer_lag = self._gauge(
            "hall_consumer_lag", "Messages on the bus this service has not handled yet"
        )
        self.dead_letters = self._gauge("hall_dead_letters", "Messages given up and not replayed")
        self.timer_lateness_seconds = self._gauge(
            "hall_timer_lateness_seconds", "How late a job last fired, in seconds", "job"
        )
        self.unknown_sms = self._gauge("hall_unknown_sms", "Messages whose outcome at the gateway is unknown")
        self.oldest_unknown_sms_seconds = self._gauge(
            "hall_oldest_unknown_sms_seconds", "Age of the oldest message whose outcome is unknown"
        )

        self.calendar_years_missing = self._gauge(
            "hall_calendar_years_missing", "Years whose days off nobody has loaded: they go by the weekday"
        )

        self.receipts_missing = self._gauge(
            "hall_receipts_missing_over_24h",
            "Messages a gateway took more than a day ago and never reported on",
        )
        self.receipts_silent_seconds = self._gauge(
            "hall_receipts_silent_seconds",
            "How long no receipt has come from a gateway that has messages in flight",
            "gateway",
        )

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(name, text, ["service", *labels], registry=self.registry)
