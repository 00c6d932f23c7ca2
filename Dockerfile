# The exporter alone, the last of the images: no compiler and no package index in it.
FROM python:3.13-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY requirements/run.lock requirements/
COPY exporter exporter
RUN python -m venv /opt/modeltail \
 && /opt/modeltail/bin/pip install --no-cache-dir --require-hashes -r requirements/run.lock \
 && /opt/modeltail/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

# The logs of the demo: docker compose --profile demo.
FROM build AS build-demo
COPY requirements/demo.lock requirements/
RUN /opt/modeltail/bin/pip install --no-cache-dir --require-hashes -r requirements/demo.lock

FROM python:3.13-slim AS demo
RUN useradd --uid 9878 --user-group --no-create-home --shell /usr/sbin/nologin demo \
 && install -d -o demo -g demo -m 0755 /logs
COPY --from=build-demo /opt/modeltail /opt/modeltail
WORKDIR /opt/demo
COPY demo demo
USER 9878
ENV PATH=/opt/modeltail/bin:$PATH PYTHONUNBUFFERED=1
VOLUME /logs
ENTRYPOINT ["python", "-m", "demo.logs"]
CMD ["--directory=/logs"]

FROM python:3.13-slim AS exporter
# The group adm may read /var/log on Debian and Ubuntu.
RUN useradd --uid 9877 --user-group --groups adm --no-create-home --shell /usr/sbin/nologin modeltail \
 && install -d -o modeltail -g modeltail /var/lib/modeltail
COPY --from=build /opt/modeltail /opt/modeltail
# By number: Kubernetes' runAsNonRoot can't look up names.
USER 9877
ENV PATH=/opt/modeltail/bin:$PATH PYTHONUNBUFFERED=1
VOLUME /var/lib/modeltail
EXPOSE 9877
# Of plain HTTP at the usual port: with TLS, users or another address, say so here or to the
# orchestrator.
HEALTHCHECK --interval=15s --timeout=5s --start-period=15s CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:9877/-/healthy', timeout=3)"]
ENTRYPOINT ["modeltail"]
CMD ["run", "--config.file=/etc/modeltail/modeltail.yml", "--storage.path=/var/lib/modeltail"]
