"""Files of a turn for its reviewers. Papers that are there are told anew by the airlock, with them."""

from typing import Any

import django.db.models.deletion
from django.db import migrations, models

import commonweal.web.outputs.sealed


def told_anew(apps: Any, _: Any) -> None:
    apps.get_model('outputs', 'ReviewPapers').objects.all().delete()


class Migration(migrations.Migration):

    dependencies = [
        ('outputs', '0004_papers_sealed'),
    ]

    operations = [
        migrations.RunPython(told_anew, migrations.RunPython.noop),
        migrations.CreateModel(
            name='ReviewFile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('path', models.CharField(max_length=64)),
                ('content', commonweal.web.outputs.sealed.SealedJSON()),
                ('papers', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='files', to='outputs.reviewpapers')),
            ],
            options={
                'ordering': ('path',),
                'constraints': [models.UniqueConstraint(fields=('papers', 'path'), name='output_review_file_once')],
            },
        ),
    ]
