# The exporter alone: no compiler and no package index in the image that runs.
FROM python:3.13-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY requirements/run.lock requirements/
COPY exporter exporter
RUN python -m venv /opt/modeltail \
 && /opt/modeltail/bin/pip install --no-cache-dir --require-hashes -r requirements/run.lock \
 && /opt/modeltail/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.13-slim
# The group adm may read /var/log on Debian and Ubuntu.
RUN useradd --uid 9877 --user-group --groups adm --no-create-home --shell /usr/sbin/nologin modeltail \
 && install -d -o modeltail -g modeltail /var/lib/modeltail
COPY --from=build /opt/modeltail /opt/modeltail
USER modeltail
ENV PATH=/opt/modeltail/bin:$PATH PYTHONUNBUFFERED=1
VOLUME /var/lib/modeltail
EXPOSE 9877
ENTRYPOINT ["modeltail"]
CMD ["run", "--config.file=/etc/modeltail/modeltail.yml", "--storage.path=/var/lib/modeltail"]
