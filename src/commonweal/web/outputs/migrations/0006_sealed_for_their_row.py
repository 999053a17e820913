"""What is sealed is bound to its row; code and files that wait are sealed as well.

Papers that are there are told anew by the airlock, which has what is true; nobody reseals what lies
in the database. Whoever asked for files asks again.
"""

from typing import Any

import django.db.models.deletion
from django.db import migrations, models

import commonweal.web.outputs.sealed


def forgotten(apps: Any, _: Any) -> None:
    orders = apps.get_model('outputs', 'OutputOrder').objects
    orders.filter(content__isnull=False).update(content=None)


class Migration(migrations.Migration):

    dependencies = [
        ('outputs', '0005_review_files'),
    ]

    operations = [
        migrations.RunPython(forgotten, migrations.RunPython.noop),
        migrations.AlterField(
            model_name='outputorder',
            name='content',
            field=commonweal.web.outputs.sealed.SealedBytes(null=True),
        ),
        migrations.AddField(
            model_name='outputorder',
            name='begun_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.DeleteModel(name='ReviewFile'),
        migrations.DeleteModel(name='ReviewPapers'),
        migrations.CreateModel(
            name='ReviewPapers',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('turn', models.PositiveSmallIntegerField()),
                ('manifest', commonweal.web.outputs.sealed.SealedJSON()),
                ('findings', commonweal.web.outputs.sealed.SealedJSON()),
                ('tables', commonweal.web.outputs.sealed.SealedJSON(default=dict)),
                ('earlier', commonweal.web.outputs.sealed.SealedJSON(default=dict)),
                ('code', commonweal.web.outputs.sealed.SealedJSON(default=dict)),
                ('votes', commonweal.web.outputs.sealed.SealedJSON(default=list)),
                ('members', models.JSONField(default=list)),
                ('refused', models.CharField(blank=True, max_length=64)),
                ('told_at', models.DateTimeField()),
                ('output', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='papers', to='outputs.output')),
            ],
            options={'ordering': ('id',)},
        ),
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
